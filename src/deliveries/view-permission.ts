/** The permission to read deliveries, events and the live log. */
export const viewPermission = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' } as const;
