import { createTransport, type Transporter } from 'nodemailer';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';

const connectTimeoutMs = 10_000;
const socketTimeoutMs = 30_000;

export type Mail = Readonly<{
  to: readonly string[];
  subject: string;
  text: string;
  /** The first part of the Message-ID. A mail that is sent again has the same. */
  id?: string;
}>;

export type MailerOptions = Readonly<{ smtpUrl: string; publicUrl: string | undefined; logger: Logger }>;

/** Sends mails by SMTP. No caller waits for the mail server, and a failed mail is only logged. */
export class Mailer {
  readonly #transport: Transporter;
  readonly #from: string;
  readonly #host: string;
  readonly #logger: Logger;
  readonly #underWay = new Set<Promise<boolean>>();

  constructor(options: MailerOptions) {
    this.#transport = createTransport({
      url: options.smtpUrl,
      connectionTimeout: connectTimeoutMs,
      greetingTimeout: connectTimeoutMs,
      socketTimeout: socketTimeoutMs,
      // Mails never read content from a file or a URL.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    this.#host = options.publicUrl === undefined ? 'localhost' : new URL(options.publicUrl).hostname;
    this.#from = `Heliograph <no-reply@${this.#host}>`;
    this.#logger = options.logger;
  }

  /** Starts to send, and returns at once. */
  send(mail: Mail): void {
    void this.deliver(mail);
  }

  /** Returns whether the mail server has taken it. It never throws. */
  deliver({ to, subject, text, id }: Mail): Promise<boolean> {
    const sent = this.#transport
      .sendMail({
        from: this.#from,
        to: to.map((address) => ({ name: '', address })),
        ...{ subject, text },
        ...(id === undefined ? {} : { messageId: `<${id}@${this.#host}>` }),
      })
      .then(
        () => true,
        (error: unknown) => {
          this.#logger.warn({ err: error, subject }, 'could not send a mail');
          return false;
        },
      )
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
    return sent;
  }

  /** Waits until running mails have been sent, then closes the connections. */
  async stop(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#transport.close();
  }
}

/** Undefined if no SMTP server is configured. */
export function createMailer(
  { smtpUrl, publicUrl }: Pick<Config, 'smtpUrl' | 'publicUrl'>,
  logger: Logger,
): Mailer | undefined {
  return smtpUrl === undefined ? undefined : new Mailer({ smtpUrl, publicUrl, logger });
}
