import { createTransport, type Transporter } from 'nodemailer';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { invitationDays } from './invite-member.ts';

const connectTimeoutMs = 10_000;
const socketTimeoutMs = 30_000;

export type InvitationMail = Readonly<{ to: string; appName: string; invitedBy: string; token: string }>;

/**
 * Mails invitations by SMTP. The inviting caller has seen the token, too, so a failed mail is only logged, and no
 * request waits for the mail server.
 */
export class InvitationMailer {
  readonly #transport: Transporter;
  readonly #from: string;
  readonly #logger: Logger;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: { smtpUrl: string; publicUrl: string | undefined; logger: Logger }) {
    this.#transport = createTransport({
      url: options.smtpUrl,
      connectionTimeout: connectTimeoutMs,
      greetingTimeout: connectTimeoutMs,
      socketTimeout: socketTimeoutMs,
      // Mails never read content from a file or a URL.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const host = options.publicUrl === undefined ? 'localhost' : new URL(options.publicUrl).hostname;
    this.#from = `Heliograph <no-reply@${host}>`;
    this.#logger = options.logger;
  }

  /** Starts to send, and returns at once. */
  send(mail: InvitationMail): void {
    const sent = this.#transport
      .sendMail({
        from: this.#from,
        to: { name: '', address: mail.to },
        subject: `You are invited to the app ${mail.appName}`,
        text: textOf(mail),
      })
      .then(
        () => undefined,
        (error: unknown) => this.#logger.warn({ err: error }, 'could not mail an invitation'),
      )
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }

  /** Waits until running mails have been sent, then closes the connections. */
  async stop(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#transport.close();
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
