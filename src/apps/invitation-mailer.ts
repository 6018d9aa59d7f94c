import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { Mailer, type MailerOptions } from '../mail.ts';
import { invitationDays } from './invite-member.ts';

export type InvitationMail = Readonly<{ to: string; appName: string; invitedBy: string; token: string }>;

/** Mails invitations. The inviting caller has seen the token, too, so nothing depends on a mail. */
export class InvitationMailer {
  readonly #mailer: Mailer;

  constructor(options: MailerOptions) {
    this.#mailer = new Mailer(options);
  }

  /** Starts to send, and returns at once. */
  send(mail: InvitationMail): void {
    const subject = `You are invited to the app ${mail.appName}`;
    this.#mailer.send({ to: [mail.to], subject, text: textOf(mail) });
  }

  /** Waits until running mails have been sent, then closes the connections. */
  async stop(): Promise<void> {
    await this.#mailer.stop();
  }
}

/** Undefined if no SMTP server is configured. The inviting person then passes the invitation on. */
export function createInvitationMailer(
  config: Pick<Config, 'smtpUrl' | 'publicUrl'>,
  logger: Logger,
): InvitationMailer | undefined {
  const { smtpUrl, publicUrl } = config;
  return smtpUrl === undefined ? undefined : new InvitationMailer({ smtpUrl, publicUrl, logger });
}

function textOf({ appName, invitedBy, token }: InvitationMail): string {
  return [
    `${invitedBy} invites you to the app ${appName}.`,
    '',
    'To accept, sign in with this email address and call the mutation',
    'acceptAppInvitation with this token:',
    '',
    token,
    '',
    `It works once, for ${invitationDays} days.`,
    '',
  ].join('\n');
}
