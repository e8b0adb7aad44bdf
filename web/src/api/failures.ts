/** What went wrong, as one class: the server's error shape, or that it cannot be reached. */
import type { TFunction } from "i18next";

export class Failure extends Error {
  constructor(
    /** HTTP status; 0 when the server was not reached. */
    readonly status: number,
    readonly code: string,
    /** The server's own sentence, in English. */
    readonly said: string,
    readonly requestId: string,
    /** Seconds after which it may be tried again. */
    readonly retryAfter: number | null = null,
  ) {
    super(said || code);
    this.name = "Failure";
  }

  get offline(): boolean {
    return this.status === 0;
  }

  /** Whether what is kept does not open: its key is not there. */
  get locked(): boolean {
    return this.code === "vault_locked" || this.code === "root_key_wrong";
  }

  /** Whether the same request may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 409 || this.status >= 500;
  }
}

export async function failureOf(response: Response): Promise<Failure> {
  const after = Number.parseFloat(response.headers.get("Retry-After") ?? "");
  const retryAfter = Number.isFinite(after) ? after : null;
  const id = response.headers.get("X-Request-Id") ?? "";
  try {
    const { error } = (await response.json()) as {
      error: { code: string; message: string; request_id: string };
    };
    return new Failure(
      response.status,
      error.code,
      error.message,
      error.request_id ?? id,
      retryAfter,
    );
  } catch {
    return new Failure(response.status, `http_${response.status}`, "", id, retryAfter);
  }
}

const BY_STATUS: Record<number, string> = {
  0: "failures.offline",
  401: "failures.loggedOut",
  403: "failures.notAllowed",
  404: "failures.notFound",
  409: "failures.conflict",
  413: "failures.tooLarge",
  429: "failures.tooMany",
};

/** A sentence for people: what happened, and what to do. */
export function sentence(error: unknown, t: TFunction): string {
  if (!(error instanceof Failure)) return t("failures.page");
  const known = error.locked ? "failures.locked" : BY_STATUS[error.status];
  if (known) return t(known as "failures.offline", { seconds: Math.ceil(error.retryAfter ?? 1) });
  if (error.status >= 500) return t("failures.server", { id: error.requestId });
  return error.said || t("failures.refused");
}
