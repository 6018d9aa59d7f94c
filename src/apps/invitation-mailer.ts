import { createTransport, type Transporter } from 'nodemailer';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { invitationDays } from './invite-member.ts';

const connectTimeoutMs = 10_000;
const socketTimeoutMs = 30_000;

export type InvitationMail = Readonly<{ to: string; appName: string; invitedBy: string; token: string }>;

/**
 * Mails invitations by SMTP. The token has been shown to whoever invited, too: a mail that fails is told to the log
 * and nothing else, and nobody waits for a mail server.
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
      // Nothing of a mail is ever read from a file or fetched from a URL.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const host = options.publicUrl === undefined ? 'localhost' : new URL(options.publicUrl).hostname;
    this.#from = `Heliograph <no-reply@${host}>`;
    this.#logger = options.logger;
  }

  /** Begins to send. Returns at once. */
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

  /** Waits for what is being sent, then closes its connections. */
  async stop(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#transport.close();
  }
}

/** Undefined where no SMTP server is configured: invitations are then handed over by whoever invites. */
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
