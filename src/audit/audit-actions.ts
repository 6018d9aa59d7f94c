/**
 * Every action that is audited, as `noun.verb`, with its description. The list is closed: an action in this list is
 * documented in the schema, and any other does not compile.
 */
export const auditActions = {
  'api_key.create': 'An API key was created.',
  'api_key.revoke': 'An API key was revoked.',
  'app.create': 'A partner app was created.',
  'app.delete': 'An app was deleted.',
  'app.publish_version': 'A version of an app was published.',
  'app.rotate_client_secret': 'An app’s client secret was rotated.',
  'app.rotate_webhook_secret': 'The signing secret of an app’s webhook was rotated.',
  'app.set_webhook': 'An app’s webhook was set or changed.',
  'app.update': 'An app’s profile was changed.',
  'app_installation.create': 'An app was installed.',
  'app_installation.revoke': 'An app was uninstalled.',
  'app_installation.update': 'An installation was changed.',
  'app_member.accept': 'An invitation was accepted.',
  'app_member.invite': 'Somebody was invited to an app.',
  'app_member.remove': 'A member was removed.',
  'app_member.update': 'A member’s permissions were changed.',
  'cancel_job.create': 'A bulk cancellation was started.',
  'console_link.create': 'A link to the console was created.',
  'delivery.cancel': 'A delivery was cancelled.',
  'delivery.replay': 'A delivery was replayed.',
  'endpoint.create': 'An endpoint was created.',
  'endpoint.delete': 'An endpoint was deleted.',
  'endpoint.disable':
    'Heliograph disabled an endpoint, because it answered 410 or every attempt failed for five days.',
  'endpoint.pause': 'An endpoint was paused.',
  'endpoint.purge': 'An endpoint’s deliveries were purged.',
  'endpoint.resume': 'A paused endpoint was resumed.',
  'endpoint.rotate_secret': 'An endpoint’s signing secret was rotated.',
  'endpoint.test': 'A test event was sent to an endpoint.',
  'endpoint.update': 'An endpoint was changed.',
  'endpoint.verify': 'An ownership handshake ended.',
  'event_type.deprecate': 'An event type was deprecated.',
  'event_type.register': 'An event type was registered.',
  'replay_job.create': 'A bulk replay was started.',
  'tenant.create': 'A tenant was created.',
  'tenant.resume': 'The suspension of a tenant was ended.',
  'tenant.suspend': 'A tenant was suspended.',
  'user.change_permissions': 'The identity provider changed a user’s permissions.',
  'user.delete': 'The identity provider deleted a user.',
} as const;

export type AuditAction = keyof typeof auditActions;
