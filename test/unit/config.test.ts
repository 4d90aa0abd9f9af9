/** What a process can be told by flags and environment, and what an administrator reads where it is wrong. */
import assert from 'node:assert/strict'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ConfigError, type PrimaryConfig, readCommand, type SecondaryConfig, usage, version } from '../../src/config.ts'

const primary = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): PrimaryConfig => {
  const command = readCommand(['primary', ...args], environment)
  assert.ok(command.kind === 'primary')
  return command.config
}

const secondary = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): SecondaryConfig => {
  const command = readCommand(['secondary', ...args], environment)
  assert.ok(command.kind === 'secondary')
  return command.config
}

const refused = (message: string | RegExp) => ({ name: 'ConfigError', message })

describe('a primary that is told nothing', () => {
  it('runs with the defaults of the documents', () => {
    assert.deepEqual(primary([]), {
      'admin-listen': { tls: false, host: '0.0.0.0', port: 8080 },
      'log-level': 'info',
      multicluster: true,
      identity: hostname(),
      namespace: 'kasten-io-mc',
      listen: { tls: true, host: '0.0.0.0', port: 8443 },
      'trusted-proxies': [],
      'member-labels': [],
      'heartbeat-interval': 20,
    })
  })
})

describe('a secondary that is told nothing', () => {
  it('runs with the defaults of the documents', () => {
    assert.deepEqual(secondary([]), {
      'admin-listen': { tls: false, host: '0.0.0.0', port: 8080 },
      'log-level': 'info',
      multicluster: true,
      identity: hostname(),
      namespace: 'kasten-io',
      'primary-namespace': 'kasten-io-mc',
      'release-name': 'k10',
      'allow-insecure-primary-ingress': false,
      labels: {},
      proxies: {},
    })
  })
})

/** One good value of each flag, as text and as it is understood. */
const shared = {
  kubeconfig: ['/etc/kube/config', '/etc/kube/config'],
  context: ['admin@east', 'admin@east'],
  'admin-listen': ['127.0.0.1:9090', { tls: true, host: '127.0.0.1', port: 9090 }],
  'log-level': ['debug', 'debug'],
  multicluster: ['false', false],
  identity: ['conjoin-0', 'conjoin-0'],
  namespace: ['fleet', 'fleet'],
} as const
const understood: Record<'primary' | 'secondary', Record<string, readonly [string, unknown]>> = {
  primary: {
    ...shared,
    'identity-namespace': ['conjoin', 'conjoin'],
    listen: ['http://[::1]:8000', { tls: false, host: '::1', port: 8000 }],
    endpoint: ['https://primary.example.com/k10', 'https://primary.example.com/k10'],
    'primary-name': ['primary-1', 'primary-1'],
    'primary-ingress': ['https://primary.example.com/k10', 'https://primary.example.com/k10'],
    'trusted-proxies': ['10.0.0.0/8, 192.0.2.7,2001:db8::/32', ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']],
    'member-labels': ['region, example.com/*', ['region', 'example.com/*']],
    'heartbeat-interval': ['45', 45],
  },
  secondary: {
    ...shared,
    'primary-namespace': ['fleet-mc', 'fleet-mc'],
    'release-name': ['k10-b', 'k10-b'],
    'allow-insecure-primary-ingress': ['true', true],
    'ca-bundle': ['/etc/ssl/primary.pem', '/etc/ssl/primary.pem'],
    labels: ['region=eu,example.com/tier=', { region: 'eu', 'example.com/tier': '' }],
  },
}
/** What a flag does not go without. */
const companions: Readonly<Record<string, readonly string[]>> = {
  'primary-name': ['--primary-ingress=https://primary.example.com'],
  'primary-ingress': ['--primary-name=primary-1'],
}
const twinOf = (flag: string) => `CONJOIN_${flag.toUpperCase().replaceAll('-', '_')}`
const settings = (kind: 'primary' | 'secondary', args: readonly string[], environment: NodeJS.ProcessEnv) => {
  const read: object = kind === 'primary' ? primary(args, environment) : secondary(args, environment)
  return new Map<string, unknown>(Object.entries(read))
}

for (const kind of ['primary', 'secondary'] as const)
  describe(`each flag of ${kind}`, () => {
    for (const [flag, [text, value]] of Object.entries(understood[kind])) {
      const others = companions[flag] ?? []

      it(`--${flag} is read, in both spellings, and so is its environment twin`, () => {
        assert.deepEqual(settings(kind, [...others, `--${flag}`, text], {}).get(flag), value)
        assert.deepEqual(settings(kind, [...others, `--${flag}=${text}`], {}).get(flag), value)
        assert.deepEqual(settings(kind, others, { [twinOf(flag)]: text }).get(flag), value)
      })

      it(`--${flag} wins over its environment twin`, () => {
        assert.deepEqual(settings(kind, [...others, `--${flag}=${text}`], { [twinOf(flag)]: '' }).get(flag), value)
      })
    }

    it('is in the help, and in this test', () => {
      const [, lines = ''] = new RegExp(`^Flags of ${kind}:\n((?:  .*\n)+)`, 'm').exec(usage) ?? []
      assert.ok(lines.split('\n').every((line) => line.length <= 100))
      const flags = [...lines.matchAll(/--([a-z-]+)/g)].map((match) => match[1] ?? '')
      assert.deepEqual(flags.toSorted(), Object.keys(understood[kind]).toSorted())
    })
  })

describe('the primary that is to be registered', () => {
  const name = '--primary-name=primary-1'
  const ingress = '--primary-ingress=https://primary.example.com/k10'

  it('is read where both its flags are there', () => {
    const expected = { name: 'primary-1', ingressUrl: 'https://primary.example.com/k10' }
    assert.deepEqual(primary([name, ingress]).requestedPrimary, expected)
  })

  it('is refused where one of them is missing', () => {
    for (const flag of [name, ingress]) assert.throws(() => primary([flag]), refused(/go together: set both/))
  })
})

/** What each flag refuses, and a word of what it should be. */
const bad: Record<'primary' | 'secondary', readonly (readonly [flag: string, values: readonly string[], RegExp])[]> = {
  primary: [
    ['kubeconfig', [''], />=1 characters/],
    ['context', [''], />=1 characters/],
    [
      'admin-listen',
      ['8080', 'localhost', '0.0.0.0:', '0.0.0.0:65536', 'ftp://0.0.0.0:1', '::1:80', ''],
      /address>:<port>/,
    ],
    ['log-level', ['', 'INFO', 'trace'], /"debug"\|"info"\|"warn"\|"error"/],
    ['multicluster', ['', 'yes', 'TRUE', '1'], /"true"\|"false"/],
    ['identity', [''], />=1 characters/],
    ['identity', ['x'.repeat(254)], /<=253 characters/],
    ['namespace', ['', 'Fleet', '-fleet', 'fleet-', 'a/b', '..', 'a.b', 'fleet\n'], /RFC 1123 label/],
    ['namespace', ['x'.repeat(64)], /<=63 characters/],
    ['identity-namespace', ['', 'Fleet'], /RFC 1123 label/],
    ['listen', ['8443', 'https://', '[::1]', ':8443/mc', '0.0.0.0:-1'], /address>:<port>/],
    ['endpoint', ['', 'primary.example.com', 'ftp://primary.example.com', '/k10'], /write https:\/\/<host>/],
    [
      'endpoint',
      ['https://x.example.com/?a=b', 'https://x.example.com#a', 'https://a:b@x.example.com', 'https://x.example.com '],
      /remove it$/,
    ],
    ['endpoint', ['https://1.2', 'https://x_y.example.com'], /neither a DNS name nor an IP address/],
    [
      'trusted-proxies',
      ['', 'proxy.example.com', '10.0.0.0/33', '10.0.0.0/8/8', '::/129', '10.0.0.0/', '10.0.0.1,'],
      /separated by commas/,
    ],
    [
      'member-labels',
      ['', '*', 'region=eu', '*/region', 'example.com/**', 'a,', 'kubernetes.io/*', 'dist.kio.kasten.io/cluster-type'],
      /keys of labels, or prefixes such as example.com/,
    ],
    ['primary-name', ['', 'Primary', 'x'.repeat(64)], /RFC 1123 subdomain|63 characters/],
    ['primary-ingress', ['', 'primary.example.com', 'ftp://primary.example.com'], /write https:\/\/<host>/],
    ['heartbeat-interval', ['', '9', '0', '-20'], /10 to 600 seconds/],
    ['heartbeat-interval', ['601', 'Infinity', 'often', '20s', 'NaN'], /10 to 600 seconds/],
  ],
  secondary: [
    ['namespace', ['', 'Kasten'], /RFC 1123 label/],
    ['primary-namespace', ['', 'Kasten'], /RFC 1123 label/],
    ['release-name', ['', 'K10'], /RFC 1123 label/],
    ['allow-insecure-primary-ingress', ['', 'yes'], /"true"\|"false"/],
    ['ca-bundle', [''], />=1 characters/],
    ['labels', ['', 'region', 'a=b,', 'a=b c'], /is not a list of labels such as/],
    ['labels', ['k8s.io/a=b'], /sets the reserved label k8s.io\/a/],
    ['labels', ['a=b,a=c'], /sets the label a twice/],
    [
      'labels',
      [Array.from({ length: 33 }, (_, index) => `label-${index}=x`).join(','), 'constructor=x'],
      /more than 32 labels, or one whose key no message may carry/,
    ],
  ],
}

for (const kind of ['primary', 'secondary'] as const)
  describe(`a bad value of a flag of ${kind}`, () => {
    for (const [flag, values, should] of bad[kind])
      for (const value of values)
        it(`--${flag} ${JSON.stringify(value.slice(0, 20))} is refused, with the flag, its twin and what it should be`, () => {
          const message = new RegExp(`^--${flag} \\(or ${twinOf(flag)}\\): .*${should.source}`)
          assert.throws(() => readCommand([kind, `--${flag}=${value}`], {}), refused(message))
          assert.throws(() => readCommand([kind], { [twinOf(flag)]: value }), refused(message))
        })
  })

describe('an argument that is no flag', () => {
  it('is refused by name', () => {
    assert.throws(() => readCommand(['primary', '--namespaces', 'x'], {}), refused(/--namespaces/))
    assert.throws(() => readCommand(['primary', 'now'], {}), refused(/now/))
    assert.throws(() => readCommand(['primary', '--namespace'], {}), refused(/--namespace/))
    assert.throws(() => readCommand(['primary', '--release-name', 'k10'], {}), refused(/--release-name/))
    assert.throws(() => readCommand(['secondary', '--endpoint', 'https://x.example.com'], {}), refused(/--endpoint/))
  })

  it('does not reach through the name of something that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString'])
      assert.throws(() => readCommand(['primary', `--${name}=x`], {}), ConfigError)
  })
})

describe('the environment', () => {
  it('may hold what is meant for others', () => {
    assert.deepEqual(primary([], { CONJOIN_RELEASE_NAME: 'K10', CONJOIN_NOBODY: 'x', PATH: '/bin' }), primary([]))
  })

  it('names the proxies by the names that every HTTP client knows, large or small', () => {
    const small = { http_proxy: 'http://a:1', https_proxy: 'http://b:2', no_proxy: '.local' }
    const large = { HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2', NO_PROXY: '.local' }
    const proxies = { http: 'http://a:1', https: 'http://b:2', noProxy: '.local' }
    assert.deepEqual(secondary([], small).proxies, proxies)
    assert.deepEqual(secondary([], large).proxies, proxies)
    assert.deepEqual(secondary([], { ...large, http_proxy: 'http://other:3' }).proxies, proxies)
  })
})

describe('the settings', () => {
  it('cannot be changed by what reads them', () => {
    for (const config of [primary([]), secondary([])])
      assert.throws(() => Object.assign(config, { namespace: 'other' }), TypeError)
  })

  it('take a listener without an address as one on all of them, and without a scheme as TLS', () => {
    assert.deepEqual(primary(['--listen', ':8000']).listen, { tls: true, host: '0.0.0.0', port: 8000 })
    assert.deepEqual(primary(['--listen', 'https://10.0.0.1:0']).listen, { tls: true, host: '10.0.0.1', port: 0 })
    assert.equal(primary(['--listen', ':65535']).listen.port, 65_535)
  })
})

describe('the command', () => {
  it('is the first argument', () => {
    assert.deepEqual(readCommand(['--version'], {}), { kind: 'version' })
    for (const args of [[], ['help'], ['--help']]) assert.deepEqual(readCommand(args, {}), { kind: 'help' })
    assert.match(version, /^\d+\.\d+\.\d+/)
  })

  it('is one for people, where it is none of a role', () => {
    for (const args of [['token', 'list'], ['tertiary'], [''], ['version'], ['version', '--client']]) {
      const command = readCommand(args, {})
      assert.ok(command.kind === 'cli')
      assert.deepEqual(command.config.args, args)
    }
  })
})

describe('a command for people', () => {
  it('has its help asked for in two ways', () => {
    const command = readCommand(['help', 'token', 'create'], {})
    assert.ok(command.kind === 'cli')
    assert.deepEqual(command.config.args, ['token', 'create', '--help'])
  })

  const config = (environment: NodeJS.ProcessEnv) => {
    const command = readCommand(['status'], environment)
    assert.ok(command.kind === 'cli')
    return command.config
  }

  it('looks for clusters where kubectl does', () => {
    assert.deepEqual(config({ KUBECONFIG: '/a:/b:' }).kubeconfigs, ['/a', '/b'])
    assert.deepEqual(config({}).kubeconfigs, [join(homedir(), '.kube', 'config')])
  })

  it('is told by NO_COLOR, with any value, to use none', () => {
    assert.deepEqual(
      [{}, { NO_COLOR: '' }, { NO_COLOR: '0' }].map((environment) => config(environment).noColor),
      [false, false, true],
    )
  })
})
