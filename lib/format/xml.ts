/**
 * XML as a tree of elements in document order, each with its line. Strict: what is not well-formed is refused, and so
 * are document types that define anything, which packs never need and attackers do (entity expansion).
 * The only file that knows the XML package.
 *
 * @module
 */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { FormatError } from "../base/errors.ts";

/** Text of more characters than this is refused. */
const MAX_CHARS = 64 * 1024 * 1024;
const MAX_DEPTH = 100;

/** An element. */
export interface XmlElement {
  /** Tag name. */
  readonly name: string;
  /** Attributes in document order, entities decoded. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Child elements and text in document order. */
  readonly nodes: readonly (XmlElement | string)[];
  /** Line the start tag begins on, counted from 1. */
  readonly line: number;
  /** Line the content begins on: where the start tag ends. */
  readonly contentLine: number;
}

/** Hears what a document has that means nothing, and where. */
export type XmlNote = (line: number, message: string) => void;

/** What fast-xml-parser hands out with `preserveOrder`. */
type RawNode = Record<string, unknown>;

const CDATA = "#cdata";
const COMMENT = "#comment";
const TEXT = "#text";
const ATTRIBUTES = ":@";
// The package declares the wrapper type `Symbol` where it hands out a primitive.
const META = XMLParser.getMetaDataSymbol() as unknown as symbol;

/** CDATA sections, and outside of them an `&` that begins no reference: vendors write `Reset & Clock`. */
const BARE_AMPERSAND = /<!\[CDATA\[[^]*?\]\]>|&(?!(?:#x[0-9a-fA-F]+|#[0-9]+|\w+);)/g;

/** A document type that only has a name. */
const BARE_DOCTYPE = /<!DOCTYPE\s+[\w:.-]+(?:\s+(?:SYSTEM|PUBLIC)(?:\s+(?:"[^"<>]*"|'[^'<>]*')){1,2})?\s*>/y;

/**
 * Parses a document and returns its root element. A document type that defines nothing (whatever it names is never
 * read) and undefined entities, which stay as they are written, are passed over when `note` hears of them.
 *
 * @throws {FormatError} with file and line when the text is not well-formed, defines a document type, or nests or
 * grows beyond reason
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { childText, parseXml } from "./xml.ts";
 *
 * const root = parseXml("<a>\n<b x='1 &lt; 2'>two</b></a>", "a.xml");
 * const b = root.nodes[1];
 * assertEquals(typeof b === "object" && [b.line, b.attributes.get("x")], [2, "1 < 2"]);
 * assertEquals(childText(root, "b"), "two");
 * ```
 */
export function parseXml(input: string | Uint8Array, fileName: string, note?: XmlNote): XmlElement {
  const decoded = typeof input === "string" ? input : decodeXml(input, fileName);
  if (decoded.length > MAX_CHARS) throw fault(fileName, 1, `${decoded.length} characters are too many`);
  // The parser counts offsets after making all line ends alike; doing it here keeps its offsets and ours the same.
  // The declaration said its word in decoding; blanked out, it may also stand behind blank lines, as vendors have it.
  const whole = decoded.replace(/^\ufeff/, "").replaceAll(/\r\n?/g, "\n")
    .replace(/^\s*<\?xml\s[^>]*\?>/, (declaration) => declaration.replaceAll(/[^\n]/g, " "))
    .replaceAll(BARE_AMPERSAND, (found) => (found === "&" ? "&amp;" : found));
  if (/^\s*<!doctype\s+html/i.test(whole)) {
    throw fault(fileName, 1, "it is a web page, such as servers send for errors");
  }
  const lines = new LineIndex(whole);
  const text = withoutDeclarations(whole, { fileName, lines, note });
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw fault(fileName, verdict.err.line, verdict.err.msg.replace(/\.$/, ""));
  let raw: RawNode[];
  try {
    raw = newParser().parse(text) as RawNode[];
  } catch (cause) {
    throw fault(fileName, 1, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const roots = raw.filter((node) => ![TEXT, CDATA, COMMENT].includes(tagOf(node)));
  const [root, extra] = roots;
  if (!root) throw fault(fileName, 1, "it holds no element");
  if (extra) {
    throw fault(fileName, lines.at(offsetOf(extra)), `a second root element <${tagOf(extra)}> follows the first`);
  }
  return convert(root, { fileName, lines, note }, 1);
}

/**
 * Child elements, of one name or all.
 */
export function childElements(element: XmlElement, name?: string): XmlElement[] {
  const out: XmlElement[] = [];
  for (const node of element.nodes) {
    if (typeof node !== "string" && (name === undefined || node.name === name)) out.push(node);
  }
  return out;
}

/** First child element of a name. */
export function childElement(element: XmlElement, name: string): XmlElement | undefined {
  for (const node of element.nodes) if (typeof node !== "string" && node.name === name) return node;
  return undefined;
}

/** The element's own text, untrimmed: everything between its children, joined; of comments only line ends. */
export function elementText(element: XmlElement): string {
  let out = "";
  for (const node of element.nodes) if (typeof node === "string") out += node;
  return out;
}

/** Trimmed text of the first child of a name, when there is one. */
export function childText(element: XmlElement, name: string): string | undefined {
  const child = childElement(element, name);
  return child && elementText(child).trim();
}

function newParser(): XMLParser {
  return new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    cdataPropName: CDATA,
    commentPropName: COMMENT,
    captureMetaData: true,
    trimValues: false,
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: MAX_DEPTH,
  });
}

function fault(fileName: string, line: number, reason: string, cause?: unknown): FormatError {
  return new FormatError(`Cannot read ${fileName}:${line}: ${reason}`, { fields: { file: fileName, line }, cause });
}

/** Decodes bytes by byte-order mark, else by the encoding named in the XML declaration, else as UTF-8. */
function decodeXml(bytes: Uint8Array, fileName: string): string {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  let encoding = /^<\?xml[^>]*encoding=["']([\w.-]+)["']/.exec(head)?.[1] ?? "utf-8";
  // Text that can be read a byte at a time is not UTF-16, whatever it says: editors convert files and forget this line.
  if (/^utf-?16/i.test(encoding)) encoding = "utf-8";
  if (head.startsWith("\u00ff\u00fe") || head.startsWith("<\0")) encoding = "utf-16le";
  if (head.startsWith("\u00fe\u00ff") || head.startsWith("\0<")) encoding = "utf-16be";
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch (cause) {
    throw fault(fileName, 1, `the text encoding ${encoding} is not supported`, cause);
  }
}

/** A document, for messages about it. */
interface Source {
  readonly fileName: string;
  readonly lines: LineIndex;
  readonly note: XmlNote | undefined;
}

/** Finds `<!…>` outside of comments, CDATA and processing instructions, in one pass; blanks out one that says nothing. */
function withoutDeclarations(text: string, { fileName, lines, note }: Source): string {
  let at = 0;
  let out = text;
  let isProlog = true;
  while ((at = text.indexOf("<", at)) !== -1) {
    const skip = text.startsWith("<!--", at)
      ? "-->"
      : text.startsWith("<![CDATA[", at)
      ? "]]>"
      : text.startsWith("<?", at)
      ? "?>"
      : undefined;
    if (/^<\?xml\s/.test(text.slice(at, at + 6))) {
      throw fault(fileName, lines.at(at), "an XML declaration stands inside of the document");
    }
    if (skip) {
      const end = text.indexOf(skip, at + 2);
      if (end === -1) throw fault(fileName, lines.at(at), `${text.slice(at, at + 4)} is not closed`);
      at = end + skip.length;
    } else if (text[at + 1] === "!") {
      BARE_DOCTYPE.lastIndex = at;
      const [found] = BARE_DOCTYPE.exec(text) ?? [];
      if (!isProlog || found === undefined || note === undefined) {
        throw fault(fileName, lines.at(at), "document type declarations are not accepted");
      }
      note(lines.at(at), "the document type declaration is passed over");
      isProlog = false;
      out = text.slice(0, at) + found.replaceAll(/[^\n]/g, " ") + text.slice(at + found.length);
      at += found.length;
    } else {
      isProlog = false;
      at++;
    }
  }
  return out;
}

function tagOf(node: RawNode): string {
  for (const key of Object.keys(node)) if (key !== ATTRIBUTES) return key;
  return TEXT;
}

function offsetOf(node: RawNode): number {
  const meta = (node as Record<symbol, unknown>)[META] as { startIndex?: number } | undefined;
  return meta?.startIndex ?? 0;
}

function convert(node: RawNode, source: Source, depth: number): XmlElement {
  const { lines, fileName } = source;
  const name = tagOf(node);
  const offset = offsetOf(node);
  const line = lines.at(offset);
  if (depth > MAX_DEPTH) throw fault(fileName, line, `elements are nested more than ${MAX_DEPTH} deep`);
  const attributes = new Map<string, string>();
  for (const [key, value] of Object.entries((node[ATTRIBUTES] ?? {}) as Record<string, unknown>)) {
    attributes.set(key, decodeEntities(String(value), source, line));
  }
  const nodes: (XmlElement | string)[] = [];
  for (const child of node[name] as RawNode[]) {
    const tag = tagOf(child);
    if (tag === TEXT) nodes.push(decodeEntities(String(child[TEXT]), source, line));
    else if (tag === COMMENT) {
      // Only its line ends stay, so that lines inside text can be counted.
      const breaks = String((child[COMMENT] as RawNode[])[0]?.[TEXT] ?? "").replaceAll(/[^\n]+/g, "");
      if (breaks !== "") nodes.push(breaks);
    } else if (tag === CDATA) nodes.push(String((child[CDATA] as RawNode[])[0]?.[TEXT] ?? ""));
    else nodes.push(convert(child, source, depth + 1));
  }
  return { name, attributes, nodes, line, contentLine: lines.at(lines.endOfTag(offset)) };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The five entities of XML 1.0 §4.6 and character references; anything else would need a document type. */
function decodeEntities(text: string, { fileName, note }: Source, line: number): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|\w+);/g, (whole, body: string) => {
    if (body.startsWith("#")) {
      const code = body[1] === "x" ? Number.parseInt(body.slice(2), 16) : Number.parseInt(body.slice(1), 10);
      if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
    } else if (Object.hasOwn(ENTITIES, body)) return ENTITIES[body]!;
    else if (note !== undefined) {
      note(line, `the entity ${whole} is not defined; it stays as it is written`);
      return whole;
    }
    throw fault(fileName, line, `the entity ${whole} is not defined`);
  });
}

/** Turns character offsets into line numbers. */
class LineIndex {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** Offset of the `>` that ends the tag at `offset`, skipping quoted values. */
  endOfTag(offset: number): number {
    let quote = "";
    for (let at = offset; at < this.#text.length; at++) {
      const char = this.#text[at]!;
      if (quote !== "") quote = char === quote ? "" : quote;
      else if (char === ">") return at;
      else if (char === '"' || char === "'") quote = char;
    }
    return offset;
  }
}
