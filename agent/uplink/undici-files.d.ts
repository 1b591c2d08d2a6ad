// undici describes the names of its index; these are the files behind those of them that are used.
declare module 'undici/lib/api/index.js' {
  const api: Pick<import('undici').Dispatcher, 'connect' | 'request'>
  export default api
}
declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici'
}
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici'
}
declare module 'undici/lib/dispatcher/dispatcher.js' {
  export { Dispatcher as default } from 'undici'
}
