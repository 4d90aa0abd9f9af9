import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeObject } from '../../../src/kube/objects.ts'
import { Store } from '../../../src/kube/store.ts'

interface Widget extends KubeObject {
  colours: readonly string[]
}

function widget(name: string, resourceVersion: string, { uid = `uid-${name}`, colours = [] as string[] } = {}): Widget {
  return { metadata: { namespace: 'ns', name, uid, resourceVersion }, colours }
}

function createStore(): Store<Widget> {
  return new Store({ colour: (object) => object.colours })
}

describe('the store of an informer', () => {
  it('tells additions, updates and deletions', () => {
    const store = createStore()
    const [first, second] = [widget('a', '1'), widget('a', '2')]
    assert.deepEqual(store.put(first), [{ type: 'added', object: first }])
    assert.deepEqual(store.put(second), [{ type: 'updated', object: second, previous: first }])
    assert.deepEqual(store.remove(second), [{ type: 'deleted', object: second }])
    assert.deepEqual(store.remove(second), [])
    assert.deepEqual(store.list(), [])
  })

  it('says nothing about a version that it holds already', () => {
    const store = createStore()
    store.put(widget('a', '1'))
    assert.deepEqual(store.put(widget('a', '1')), [])
    assert.deepEqual(store.replaceAll([widget('a', '1')]), [])
  })

  it('tells a deletion and an addition where a name comes back with another uid', () => {
    const store = createStore()
    const [old, young] = [widget('a', '1', { uid: 'old' }), widget('a', '9', { uid: 'young' })]
    store.put(old)
    assert.deepEqual(store.replaceAll([young]), [
      { type: 'deleted', object: old },
      { type: 'added', object: young },
    ])
  })

  it('tells what has gone before what has come', () => {
    const store = createStore()
    store.put(widget('old', '1'))
    assert.deepEqual(
      store.replaceAll([widget('new', '2')]).map(({ type }) => type),
      ['deleted', 'added'],
    )
  })

  it('takes a lower version for what it is: the state of now', () => {
    const store = createStore()
    store.put(widget('a', '100'))
    store.replaceAll([widget('a', '7')])
    assert.equal(store.get({ namespace: 'ns', name: 'a' })?.metadata.resourceVersion, '7')
  })

  it('finds objects by every value of an index, and only by their present ones', () => {
    const store = createStore()
    store.put(widget('a', '1', { colours: ['red', 'blue'] }))
    store.put(widget('b', '1', { colours: ['red'] }))
    const names = (value: string) => store.by('colour', value).map(({ metadata }) => metadata.name)
    assert.deepEqual(names('red'), ['a', 'b'])
    assert.deepEqual(names('blue'), ['a'])
    store.put(widget('a', '2', { colours: ['green'] }))
    store.remove(widget('b', '1'))
    assert.deepEqual([names('red'), names('blue'), names('green')], [[], [], ['a']])
  })

  it('refuses an index that does not exist', () => {
    assert.throws(() => createStore().by('shape', 'round'), /no index shape/)
  })

  it('keeps objects of one name in two namespaces apart', () => {
    const store = createStore()
    const [here, there] = [widget('a', '1'), widget('a', '1')]
    there.metadata.namespace = 'other'
    store.put(here)
    store.put(there)
    assert.equal(store.get({ namespace: 'other', name: 'a' }), there)
    assert.equal(store.get({ name: 'a' }), undefined)
  })
})
