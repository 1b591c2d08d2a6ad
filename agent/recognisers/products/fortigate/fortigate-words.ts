// What FortiOS calls things: the values of type=, action=, status= and the like, as numbers.
// Source: FortiOS Log Message Reference 5.6 to 7.6, docs.fortinet.com.
import { Action } from '../../../event.ts'
import { Words } from '../../tokenisers/words.ts'

/** `inspection` is what UTM says of an ordinary session, `detection` what it says of an attack or malware. */
export const Kind = { traffic: 0, event: 1, inspection: 2, detection: 3 } as const

/** Values of type= and subtype= that tell the kind; every other type is an inspection. */
export const kinds = new Words({
  traffic: Kind.traffic,
  event: Kind.event,
  ips: Kind.detection,
  anomaly: Kind.detection,
  virus: Kind.detection,
  attack: Kind.detection,
  signature: Kind.detection,
  waf: Kind.detection,
  'virtual-patch': Kind.detection,
})

/** 'deny = blocked by firewall policy; all others = allowed by firewall policy and the status indicates how it was closed'. */
export const trafficActions = new Words({
  deny: Action.deny,
  denied: Action.deny,
  block: Action.deny,
  blocked: Action.deny,
  drop: Action.drop,
  dropped: Action.drop,
  pending: Action.other,
})

/** What the security profiles do, in all the words UTM messages have for it. */
export const utmActions = new Words({
  pass: Action.allow,
  passthrough: Action.allow,
  pass_session: Action.allow,
  permit: Action.allow,
  allow: Action.allow,
  allowed: Action.allow,
  accept: Action.allow,
  exempt: Action.allow,
  exempted: Action.allow,
  forwarded: Action.allow,
  bypass: Action.allow,
  monitor: Action.allow,
  monitored: Action.allow,
  'log-only': Action.allow,
  detected: Action.detect,
  deny: Action.deny,
  denied: Action.deny,
  block: Action.deny,
  blocked: Action.deny,
  redirect: Action.deny,
  prohibited: Action.deny,
  ban: Action.deny,
  quarantine: Action.deny,
  drop: Action.drop,
  dropped: Action.drop,
  drop_session: Action.drop,
  clear_session: Action.drop,
  reject: Action.reject,
  reset: Action.reset,
  reset_client: Action.reset,
  reset_server: Action.reset,
  // neither passed nor stopped yet
  analytics: Action.other,
  info: Action.other,
})

/** An action of an event whose `status` tells how it went; beyond the numbers of actions. */
export const LOGIN = 100

export const eventActions = new Words({
  login: LOGIN,
  authentication: LOGIN,
  'ssl-login-fail': Action.loginFailed,
  'ssl-web-deny': Action.deny,
  'tunnel-up': Action.allow,
})

export const loginOutcomes = new Words({
  failed: Action.loginFailed,
  failure: Action.loginFailed,
  fail: Action.loginFailed,
  success: Action.allow,
  succeeded: Action.allow,
  successful: Action.allow,
})

/** How init=, dir= and role= say that the other side began the negotiation of a tunnel. */
export const remoteBegan = new Words({ remote: 1, inbound: 1, responder: 1 })
