import { memberEmail } from '../access/app-access.ts';
import { type AppPermission, appPermissions } from '../access/permissions.ts';
import type { ValidationIssue } from '../errors.ts';
import { isEmail, isLine, lineRule } from '../text.ts';

export const maxNameChars = 200;
export const maxSourceChars = 200;
export const maxEmailChars = 254;
const maxInstallationPermissions = 100;
const maxPermissionChars = 100;

type Issues = ValidationIssue[];

/** A name must be a single line, because it also appears in the subject of mails. */
export function nameIssues(name: string): Issues {
  if (isLine(name.trim(), maxNameChars)) return [];
  const message = `The name ${lineRule(maxNameChars)}.`;
  return [{ path: ['name'], code: 'INVALID_NAME', message }];
}

export function sourceIssues(source: string): Issues {
  if (/^[\x21-\x7e]+$/.test(source) && source.length <= maxSourceChars) return [];
  const message = `The source must be 1 to ${maxSourceChars} visible ASCII characters without white space.`;
  return [{ path: ['source'], code: 'INVALID_SOURCE', message }];
}

export function emailIssues(email: string, field: string): Issues {
  if (isEmail(memberEmail(email))) return [];
  return [{ path: [field], code: 'INVALID_EMAIL', message: 'This is not an email address.' }];
}

export function appPermissionIssues(permissions: readonly AppPermission[]): Issues {
  if (permissions.length > 0) return [];
  const message = `Give at least one of the permissions ${appPermissions.join(', ')}.`;
  return [{ path: ['permissions'], code: 'EMPTY', message }];
}

/** The permissions that a tenant gives an app on the platform. The platform defines their names. */
export function installationPermissionIssues(permissions: readonly string[]): Issues {
  if (permissions.length > maxInstallationPermissions) {
    const message = `At most ${maxInstallationPermissions} permissions are allowed.`;
    return [{ path: ['permissions'], code: 'TOO_MANY', message }];
  }
  return permissions.flatMap((name, index): Issues => {
    const path = ['permissions', index];
    if (!/^[\x21-\x7e]+$/.test(name) || name.length > maxPermissionChars) {
      const message = `A permission is 1 to ${maxPermissionChars} visible ASCII characters without white space.`;
      return [{ path, code: 'INVALID_PERMISSION', message }];
    }
    if (permissions.indexOf(name) === index) return [];
    return [{ path, code: 'DUPLICATE', message: `\`${name}\` stands twice.` }];
  });
}
