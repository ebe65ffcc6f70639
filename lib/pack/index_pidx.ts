/**
 * Package index files (.pidx, .vidx): which packs exist and where their descriptions are.
 * Follows the "Pack Index Files" chapter of the Open-CMSIS-Pack specification (PackIndex.xsd 1.0 and 1.1).
 *
 * @module
 */
import { FormatError } from "../base/errors.ts";
import { childElement, childElements, childText, parseXml, type XmlElement } from "../format/xml.ts";
import { isSafeName, isVersion, type PackId } from "./index_version.ts";

/** A pack as an index names it. */
export interface IndexEntry extends PackId {
  /** Folder of its description, with a slash at the end. */
  readonly url: string;
  /** Date from which on it is no longer maintained. */
  readonly deprecated?: string;
  /** `Vendor.Pack` to use instead. */
  readonly replacement?: string;
  /** Bytes of the pack file, where the index says. */
  readonly size?: number;
  /** SHA-256 of the pack file in lower-case hex, where the index says. */
  readonly sha256?: string;
}

/** Another index to read. */
export interface VendorIndex {
  /** Vendor name, and name of the file. */
  readonly vendor: string;
  /** Folder of the file, with a slash at the end. */
  readonly url: string;
}

/** What an index file says. */
export interface PackIndex {
  /** When it was made, as written. */
  readonly timestamp: string;
  /** Packs. */
  readonly packs: readonly IndexEntry[];
  /** Indexes of vendors. */
  readonly vendors: readonly VendorIndex[];
  /** What was left out, and why. */
  readonly problems: readonly string[];
}

/** The real index names fewer than 3000 packs. */
const MAX_ENTRIES = 100_000;

/**
 * Parses an index file. Relative addresses are taken from `base`, those without a scheme for https.
 *
 * @throws {FormatError} when it is not well-formed or not an index
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parsePackIndex } from "./index_pidx.ts";
 *
 * const index = parsePackIndex(`<index><pindex>
 *   <pdsc url="https://a.example/packs" vendor="V" name="P" version="1.0.0"/>
 *   <pdsc url="https://a.example/packs" vendor="../V" name="P" version="1.0.0"/></pindex></index>`, "index.pidx");
 * assertEquals(index.packs, [{ vendor: "V", name: "P", version: "1.0.0", url: "https://a.example/packs/" }]);
 * assertEquals(index.problems.length, 1);
 * ```
 */
export function parsePackIndex(text: string | Uint8Array, fileName: string, base?: string): PackIndex {
  const root = parseXml(text, fileName);
  if (root.name !== "index") {
    throw new FormatError(`Cannot read ${fileName}: it is not a pack index but <${root.name}>`, {
      fields: { file: fileName, line: root.line },
    });
  }
  const problems: string[] = [];
  const skip = (element: XmlElement, reason: string): undefined => {
    problems.push(`${fileName}:${element.line}: ${reason}; left out`);
    return undefined;
  };
  const listed = (group: string, tag: string): XmlElement[] => {
    const parent = childElement(root, group);
    const elements = parent ? childElements(parent, tag) : [];
    if (elements.length > MAX_ENTRIES) {
      throw new FormatError(`Cannot read ${fileName}: ${elements.length} entries are too many`);
    }
    return elements;
  };
  return {
    timestamp: childText(root, "timestamp") ?? "",
    packs: listed("pindex", "pdsc").flatMap((element) => readEntry(element, base, skip) ?? []),
    vendors: listed("vindex", "pidx").flatMap((element) => readVendor(element, base, skip) ?? []),
    problems,
  };
}

type Skip = (element: XmlElement, reason: string) => undefined;

function readEntry(element: XmlElement, base: string | undefined, skip: Skip): IndexEntry | undefined {
  const text = (key: string): string => element.attributes.get(key)?.trim() ?? "";
  const [vendor, name, version] = [text("vendor"), text("name"), text("version")];
  if (!isSafeName(vendor) || !isSafeName(name)) {
    return skip(element, `${JSON.stringify(`${vendor}.${name}`)} cannot be the name of a pack`);
  }
  if (!isVersion(version)) return skip(element, `${JSON.stringify(version)} of ${vendor}.${name} is not a version`);
  const url = folderUrl(text("url"), base);
  if (url === undefined) return skip(element, `${JSON.stringify(text("url"))} of ${vendor}.${name} is not an address`);
  const size = /^\d{1,12}$/.test(text("size")) ? Number(text("size")) : undefined;
  const sha256 = /^[0-9a-fA-F]{64}$/.test(text("sha256")) ? text("sha256").toLowerCase() : undefined;
  return {
    vendor,
    name,
    version,
    url,
    ...(text("deprecated") === "" ? {} : { deprecated: text("deprecated") }),
    ...(text("replacement") === "" ? {} : { replacement: text("replacement") }),
    ...(size === undefined ? {} : { size }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

function readVendor(element: XmlElement, base: string | undefined, skip: Skip): VendorIndex | undefined {
  const vendor = element.attributes.get("vendor")?.trim() ?? "";
  if (!isSafeName(vendor)) return skip(element, `${JSON.stringify(vendor)} cannot be the name of a vendor`);
  const text = element.attributes.get("url")?.trim() ?? "";
  const url = folderUrl(text, base);
  return url === undefined ? skip(element, `${JSON.stringify(text)} of ${vendor} is not an address`) : { vendor, url };
}

/**
 * An address of a folder in full, with a slash at the end; undefined when it is none that can be fetched from. Local
 * files are let through only when the index is a local file itself.
 */
export function folderUrl(text: string, base?: string): string | undefined {
  if (text === "") return undefined;
  const local = base === undefined || base.startsWith("file:");
  const isBare = !/^[a-z][a-z0-9+.-]*:/i.test(text) && /^(www\.|[\w-]+(\.[\w-]+)+\/)/i.test(text);
  try {
    const url = new URL(isBare && base === undefined ? `https://${text}` : text, base);
    if (!/^https?:$/.test(url.protocol) && !(local && url.protocol === "file:")) return undefined;
    return url.href.endsWith("/") ? url.href : `${url.href}/`;
  } catch {
    return undefined;
  }
}

/** A release of a pack. */
export interface Release {
  /** Version. */
  readonly version: string;
  /** Where this very release is, when the description says. */
  readonly url?: string;
}

/** Where a pack is published, and its releases from the newest on. */
export interface Releases {
  /** Folder of the pack files, with a slash at the end. */
  readonly url?: string;
  /** Releases. */
  readonly releases: readonly Release[];
}

/**
 * Reads the releases from a package description.
 *
 * @throws {FormatError} when it is not well-formed
 */
export function readReleases(text: string | Uint8Array, fileName: string): Releases {
  const root = parseXml(text, fileName);
  const list = childElement(root, "releases");
  const url = folderUrl(childText(root, "url") ?? "");
  const releases: Release[] = [];
  for (const element of list ? childElements(list, "release") : []) {
    const version = element.attributes.get("version")?.trim() ?? "";
    const own = element.attributes.get("url")?.trim() ?? "";
    if (isVersion(version)) releases.push({ version, ...(/^https?:\/\//i.test(own) ? { url: own } : {}) });
  }
  return { ...(url === undefined ? {} : { url }), releases };
}
