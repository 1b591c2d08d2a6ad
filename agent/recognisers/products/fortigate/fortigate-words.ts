// What FortiOS calls things: the values of type=, action=, status= and the like, as numbers.
// Source: FortiOS Log Message Reference 5.6 to 7.6, docs.fortinet.com.
import { Action } from '../../../event.ts'
import { Words } from '../../tokenisers/words.ts'

/** `inspection` is what UTM says of an ordinary session, `detection` what it says of an attack or malware. */
export const Kind = { traffic: 0, event: 1, inspection: 2, detection: 3 } as const

/** Values of type= and subtype= that tell the kind; every other type is an inspection. */
export const kinds = Words.of(
  [Kind.traffic, 'traffic'],
  [Kind.event, 'event'],
  [Kind.detection, 'ips', 'anomaly', 'virus', 'attack', 'signature', 'waf', 'virtual-patch'],
)

/** 'deny = blocked by firewall policy; all others = allowed by firewall policy and the status indicates how it was closed'. */
export const trafficActions = Words.of(
  [Action.deny, 'deny', 'denied', 'block', 'blocked'],
  [Action.drop, 'drop', 'dropped'],
  [Action.other, 'pending'],
)

/** What the security profiles do, in all the words UTM messages have for it. */
export const utmActions = Words.of(
  [Action.allow, 'pass', 'passthrough', 'pass_session', 'permit', 'allow', 'allowed', 'accept', 'exempt', 'exempted', 'forwarded'],
  [Action.allow, 'bypass', 'monitor', 'monitored', 'log-only'],
  [Action.detect, 'detected'],
  [Action.deny, 'deny', 'denied', 'block', 'blocked', 'redirect', 'prohibited', 'ban', 'quarantine'],
  [Action.drop, 'drop', 'dropped', 'drop_session', 'clear_session'],
  [Action.reject, 'reject'],
  [Action.reset, 'reset', 'reset_client', 'reset_server'],
  // neither passed nor stopped yet
  [Action.other, 'analytics', 'info'],
)

/** An action of an event whose `status` tells how it went; beyond the numbers of actions. */
export const LOGIN = 100

export const eventActions = Words.of(
  [LOGIN, 'login', 'authentication'],
  [Action.loginFailed, 'ssl-login-fail'],
  [Action.deny, 'ssl-web-deny'],
  [Action.allow, 'tunnel-up'],
)

export const loginOutcomes = Words.of(
  [Action.loginFailed, 'failed', 'failure', 'fail'],
  [Action.allow, 'success', 'succeeded', 'successful'],
)

/** How init=, dir= and role= say that the other side began the negotiation of a tunnel. */
export const remoteBegan = Words.of([1, 'remote', 'inbound', 'responder'])
