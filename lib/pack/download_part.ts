/**
 * Part files: what has come of a download that was interrupted, and how to go on with it.
 *
 * @module
 */
import { readIfThere, removeIfThere, writeAtomically } from "./store_files.ts";

/** What belongs to a part file. */
export interface PartMark {
  /** Where it comes from. */
  readonly url: string;
  /** Strong `ETag`, or `Last-Modified`: what `If-Range` takes. */
  readonly validator: string;
}

/** Removes a part file and what belongs to it. */
export function dropPart(part: string): void {
  removeIfThere(part);
  removeIfThere(`${part}.json`);
}

/** What belongs to the part file of this address; undefined when it cannot be resumed. */
export function readMark(part: string, url: string): PartMark | undefined {
  const bytes = readIfThere(`${part}.json`, 64 * 1024);
  if (bytes === undefined) return undefined;
  try {
    const mark = JSON.parse(new TextDecoder().decode(bytes)) as Partial<PartMark> | null;
    return mark?.url === url && typeof mark.validator === "string" ? { url, validator: mark.validator } : undefined;
  } catch {
    // A part file nobody can account for is begun again.
    return undefined;
  }
}

/** Only a file that the server marks can be resumed (RFC 9110, 13.1.5: no weak marks). */
export function saveMark(part: string, url: string, { headers }: Response): void {
  const etag = headers.get("etag");
  const validator = etag && !etag.startsWith("W/") ? etag : headers.get("last-modified");
  if (validator) writeAtomically(`${part}.json`, JSON.stringify({ url, validator } satisfies PartMark));
  else removeIfThere(`${part}.json`);
}
