/** A process that does for each request what nobody can do without who answers a heartbeat: a signature verified, one made. */
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
/** About as long as a proof. */
const message = Buffer.alloc(600)
const signature = sign(null, message, privateKey)

const server = createServer((request, response) => {
  request.resume().once('end', () => {
    verify(null, message, publicKey, signature)
    sign(null, message, privateKey)
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
