/**
 * Downloads one file so that it is either all there or not at all: into a part file that a later try resumes, checked,
 * and put in place in one step.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { hexBytes } from "../base/bytes.ts";
import { InterruptedError, PackError, TapirError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { Network } from "./download_http.ts";
import { dropPart, readMark, saveMark } from "./download_part.ts";
import { DOWNLOAD_LIMITS, type DownloadLimits, StallWatch } from "./download_stall.ts";
import { makeDirectoryOf, removeIfThere, stampOf } from "./store_files.ts";

const log = getLogger("pack", "download");

/** One file to download. */
export interface FileRequest {
  /** Where it is. */
  readonly url: string;
  /** Where it goes. */
  readonly path: string;
  /** Bytes it may have at most. */
  readonly maxBytes: number;
  /** Bytes it must have, when known. */
  readonly size?: number | undefined;
  /** SHA-256 it must have in lower-case hex, when known. */
  readonly sha256?: string | undefined;
  /** Marks of the copy at hand; when the server still has the same, nothing is downloaded. */
  readonly known?: { readonly etag?: string; readonly lastModified?: string } | undefined;
  /** Looks into the file before it is put in place. @throws {TapirError} when it is no good */
  readonly check?: (path: string) => Promise<void>;
  /** Hears how many bytes of how many have come; the total is 0 as long as nobody knows it. */
  readonly progress?: (done: number, total: number) => void;
  /** Stops the download; what has come is kept for the next time. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of a download. */
export interface FileOutcome {
  /** Whether there is a new file, or the one at hand is still the newest. */
  readonly status: "new" | "unchanged";
  /** Bytes that came over the network. */
  readonly received: number;
  /** `ETag` of the server. */
  readonly etag?: string;
  /** `Last-Modified` of the server. */
  readonly lastModified?: string;
}

/**
 * Downloads a file.
 *
 * @throws {PackError} when the server does not have it, or what it sends is no good
 * @throws {TimeoutError} when it stalls at every try
 * @throws {InterruptedError} when `signal` is aborted
 */
export async function downloadFile(
  request: FileRequest,
  network: Network,
  clock: Clock,
  limits: DownloadLimits = DOWNLOAD_LIMITS,
): Promise<FileOutcome> {
  makeDirectoryOf(request.path);
  let last: TapirError | undefined;
  let received = 0;
  const count = (bytes: number): number => received += bytes;
  for (let attempt = 1; attempt <= limits.tries; attempt++) {
    if (request.signal?.aborted) throw new InterruptedError();
    try {
      const outcome = await attemptDownload(request, network, limits, count);
      return { ...outcome, received };
    } catch (error) {
      if (request.signal?.aborted) throw new InterruptedError();
      if (!mayPass(error)) throw error;
      last = asTapirError(request.url, error);
      if (attempt === limits.tries) break;
      const wait = Math.max(limits.backoffMs * 2 ** (attempt - 1), waitAsked(last));
      log.info(`${last.message}; trying again in ${wait} ms`);
      await clock.sleep(wait);
    }
  }
  throw last!;
}

/** Whether another try may end better: what the network did, but not what a server says for good. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof TapirError)) return !(error instanceof Deno.errors.PermissionDenied);
  return /^(stalled|truncated|wrong-part|bad-resume|http-(408|416|425|429|5\d\d))$/.test(error.code);
}

async function attemptDownload(
  request: FileRequest,
  network: Network,
  limits: DownloadLimits,
  count: (bytes: number) => number,
): Promise<Omit<FileOutcome, "received">> {
  const part = `${request.path}.part`;
  const mark = readMark(part, request.url);
  const have = mark ? stampOf(part)?.size ?? 0 : 0;
  const headers: Record<string, string> = { accept: "*/*", "accept-encoding": "identity", "user-agent": "tapir" };
  if (mark && have > 0) Object.assign(headers, { range: `bytes=${have}-`, "if-range": mark.validator });
  else if (stampOf(request.path)) {
    if (request.known?.etag) headers["if-none-match"] = request.known.etag;
    if (request.known?.lastModified) headers["if-modified-since"] = request.known.lastModified;
  }
  const watch = new StallWatch(limits, request.url, request.signal);
  try {
    const response = await watch.guard(network.get(request.url, headers, watch.signal));
    const marks = marksOf(response);
    if (response.status === 304) {
      await response.body?.cancel();
      return { status: "unchanged", ...marks };
    }
    const start = await startOf(response, have, part, request);
    const total = expectedTotal(response, start, request);
    // A part of something else must not outlive the mark of what comes now.
    if (start === 0) dropPart(part);
    saveMark(part, request.url, response);
    await receive(response, part, start, total, request, watch, count);
    await accept(part, start, total, request);
    return { status: "new", ...marks };
  } finally {
    watch.stop();
  }
}

/** Where the body of an answer belongs in the file. @throws {PackError} when it has none that helps */
async function startOf(response: Response, have: number, part: string, { url }: FileRequest): Promise<number> {
  if (response.status === 206) {
    const from = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
    if (from !== undefined && Number(from) === have) return have;
    dropPart(part);
    await response.body?.cancel();
    throw new PackError(`Cannot download ${url}: the server sent another part than was asked for`, {
      code: "wrong-part",
      fields: { url },
    });
  }
  if (response.status === 200) return 0;
  await response.body?.cancel();
  if (response.status === 416) dropPart(part);
  throw new PackError(`Cannot download ${url}: ${statusText(response.status)}`, {
    code: `http-${response.status}`,
    fields: { url, status: response.status, retryAfterMs: retryAfter(response) },
    ...(response.status === 404 ? { hint: "The pack may have moved; `tapir pack update` fetches the index anew" } : {}),
  });
}

function statusText(status: number): string {
  const names: Readonly<Record<number, string>> = {
    401: "the server wants a login",
    403: "the server forbids it",
    404: "the server does not have it",
    407: "the proxy wants a login",
    410: "it is gone for good",
    429: "the server asks for patience",
  };
  return names[status] ?? `the server answered with status ${status}`;
}

function expectedTotal(response: Response, start: number, request: FileRequest): number | undefined {
  const isPacked = response.headers.has("content-encoding");
  const length = isPacked ? undefined : /^\d+$/.exec(response.headers.get("content-length") ?? "")?.[0];
  const total = length === undefined ? undefined : start + Number(length);
  const refuse = (reason: string): never => {
    response.body?.cancel().catch(() => {});
    throw wrongSize(request, reason);
  };
  if (total !== undefined && total > request.maxBytes) {
    refuse(`${total} bytes are more than the limit of ${request.maxBytes}`);
  }
  if (total !== undefined && request.size !== undefined && total !== request.size) {
    refuse(`the index says ${request.size} bytes, the server has ${total}`);
  }
  return total ?? request.size;
}

function wrongSize({ url }: FileRequest, reason: string): PackError {
  return new PackError(`Cannot download ${url}: ${reason}`, { code: "wrong-size", fields: { url } });
}

async function receive(
  response: Response,
  part: string,
  start: number,
  total: number | undefined,
  request: FileRequest,
  watch: StallWatch,
  count: (bytes: number) => number,
): Promise<void> {
  const file = await Deno.open(part, { write: true, create: true, truncate: start === 0 });
  const reader = response.body?.getReader();
  let at = start;
  try {
    await file.seek(start, Deno.SeekMode.Start);
    request.progress?.(at, total ?? 0);
    while (reader) {
      const { done, value } = await watch.guard(reader.read());
      if (done) break;
      at += value.length;
      count(value.length);
      if (at > Math.min(request.maxBytes, total ?? Infinity)) {
        throw wrongSize(request, `it goes on after ${total ?? request.maxBytes} bytes`);
      }
      for (let written = 0; written < value.length;) written += await file.write(value.subarray(written));
      request.progress?.(at, total ?? 0);
    }
  } catch (error) {
    reader?.cancel().catch(() => {});
    if (error instanceof PackError) dropPart(part);
    throw error;
  } finally {
    file.close();
  }
}

/** Checks what has come and puts it in place. */
async function accept(
  part: string,
  start: number,
  total: number | undefined,
  request: FileRequest,
): Promise<void> {
  const size = stampOf(part)?.size ?? 0;
  if (total !== undefined && size < total) {
    throw new PackError(`Cannot download ${request.url}: it ended after ${size} of ${total} bytes`, {
      code: "truncated",
      fields: { url: request.url },
    });
  }
  try {
    if (request.sha256 !== undefined) {
      const digest = hexBytes(new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(part))));
      if (digest !== request.sha256) {
        throw new PackError(`Cannot use ${request.url}: its SHA-256 is ${digest}, the index says ${request.sha256}`, {
          code: "wrong-hash",
          fields: { url: request.url },
        });
      }
    }
    await request.check?.(part);
  } catch (error) {
    dropPart(part);
    if (start === 0 || !(error instanceof TapirError)) throw error;
    // The first half came another day; both halves from one day may fit together.
    throw new PackError(error.message, { code: "bad-resume", cause: error, fields: error.fields });
  }
  await Deno.rename(part, request.path);
  removeIfThere(`${part}.json`);
}

function marksOf({ headers }: Response): Pick<FileOutcome, "etag" | "lastModified"> {
  const [etag, lastModified] = [headers.get("etag"), headers.get("last-modified")];
  return { ...(etag ? { etag } : {}), ...(lastModified ? { lastModified } : {}) };
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? "0");
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 30) * 1000 : 0;
}

function waitAsked(error: TapirError): number {
  const wait = error.fields["retryAfterMs"];
  return typeof wait === "number" ? wait : 0;
}

function asTapirError(url: string, error: unknown): TapirError {
  if (error instanceof TapirError) {
    return error;
  }
  return new PackError(`Cannot download ${url}: ${reasonOf(error)}`, {
    code: "network",
    cause: error,
    hint: "Check the network, and the settings of the proxy (HTTPS_PROXY, --proxy) and of certificates (--ca)",
    fields: { url },
  });
}

/** What is at the bottom: "connection refused" says more than "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
