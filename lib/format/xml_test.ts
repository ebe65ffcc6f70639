import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../base/errors.ts";
import { childElement, childElements, childText, elementText, parseXml } from "./xml.ts";

function fails(text: string, reason: string): void {
  assertThrows(() => parseXml(text, "x.pdsc"), FormatError, reason);
}

Deno.test("parseXml() refuses what is not well-formed and says where", () => {
  fails("", "Cannot read x.pdsc:1: ");
  fails("plain text", "x.pdsc:1: ");
  fails("<a>\n<b>\n</a>", "x.pdsc:3: Expected closing tag 'b'");
  fails("<a", "x.pdsc:1: ");
  fails("<a x=1/>", "x.pdsc:1: ");
  fails("<a x='1' x='2'/>", "x.pdsc:1: Attribute 'x' is repeated");
  fails("<a>\n1 < 2</a>", "x.pdsc:2: ");
  fails("<!DOCTYPE html>\n<html><br></html>", "x.pdsc:1: it is a web page");
  fails("<a/>\n<b/>", "x.pdsc:2: a second root element <b>");
  fails("<a>\n<!-- never closed </a>", "x.pdsc:2: <!-- is not closed");
});

Deno.test("parseXml() refuses document types and entities, so that nothing expands", () => {
  fails('<!DOCTYPE a [<!ENTITY b "bb">]>\n<a>&b;</a>', "document type declarations are not accepted");
  fails("<a>\n<!ELEMENT b ANY></a>", "x.pdsc:2: document type declarations");
  fails("<a>\n<b>&undefined;</b></a>", "x.pdsc:2: the entity &undefined; is not defined");
  fails("<a x='&undefined;'/>", "the entity &undefined; is not defined");
  fails("<a>&#x110000;</a>", "the entity &#x110000; is not defined");
  fails("<a>&constructor;</a>", "the entity &constructor; is not defined");
});

Deno.test("parseXml() passes over a document type that defines nothing, and undefined entities, when somebody hears it", () => {
  const notes: string[] = [];
  const parse = (text: string) => parseXml(text, "x.svd", (line, message) => notes.push(`${line}: ${message}`));
  const root = parse(
    '<?xml version="1.0"?>\n<!DOCTYPE device\n SYSTEM "CMSIS.dtd">\n<a x="&nbsp;">1&nbsp;&copy;&lt;<b/></a>',
  );
  assertEquals([root.line, root.attributes.get("x"), elementText(root)], [4, "&nbsp;", "1&nbsp;&copy;<"]);
  assertEquals(notes, [
    "2: the document type declaration is passed over",
    "4: the entity &nbsp; is not defined; it stays as it is written",
    "4: the entity &nbsp; is not defined; it stays as it is written",
    "4: the entity &copy; is not defined; it stays as it is written",
  ]);
  const bombs = [
    '<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>',
    '<!DOCTYPE a SYSTEM "x" [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "<!DOCTYPE a><!DOCTYPE a><a/>",
    '<a><!DOCTYPE a SYSTEM "x"></a>',
    '<!ENTITY b "bb"><a/>',
    "<!DOCTYPE a SYSTEM><a/>",
  ];
  for (const text of bombs) assertThrows(() => parse(text), FormatError, "document type declarations are not accepted");
  assertThrows(() => parse("<a>&#x110000;</a>"), FormatError, "is not defined");
  assertThrows(() => parse("<!DOCTYPE html><html></html>"), FormatError, "it is a web page");
});

Deno.test("parseXml() takes an ampersand that begins no reference for itself", () => {
  const root = parseXml("<a if='b && c'>\nReset & Clock &amp; R&D<b/><![CDATA[d & e &amp;]]>\n<f/></a>", "a");
  assertEquals(root.attributes.get("if"), "b && c");
  assertEquals(elementText(root), "\nReset & Clock & R&Dd & e &amp;\n");
  assertEquals(childElements(root).map(({ name, line }) => [name, line]), [["b", 2], ["f", 3]]);
});

Deno.test("parseXml() refuses text that nests or grows beyond reason", () => {
  fails("<a>".repeat(500) + "</a>".repeat(500), "x.pdsc:1: ");
  const names = ["<__proto__ x='1'/>", "<a><constructor/></a>"];
  for (const name of names) assertThrows(() => parseXml(name, "x.pdsc"), FormatError);
});

Deno.test("parseXml() keeps order, attributes, text and CDATA", () => {
  const root = parseXml("<r>a<b k='1' j=\"&lt;2&gt;\"/>c &amp;&amp; &#100;<![CDATA[ <e> &amp; ]]><b/></r>", "x");
  assertEquals(root.nodes.map((node) => typeof node === "string" ? node : `<${node.name}>`), [
    "a",
    "<b>",
    "c && d",
    " <e> &amp; ",
    "<b>",
  ]);
  assertEquals(elementText(root), "ac && d <e> &amp; ");
  assertEquals([...childElement(root, "b")!.attributes], [["k", "1"], ["j", "<2>"]]);
  assertEquals(childElements(root, "b").length, 2);
  assertEquals(childText(root, "missing"), undefined);
});

Deno.test("parseXml() counts lines across every kind of line end, long tags and comments", () => {
  const root = parseXml("\ufeff<?xml version='1.0'?>\r\n<a>\r\n  <b\r    x='1>2'>\n<!-- one\ntwo -->code</b></a>", "x");
  const b = childElement(root, "b")!;
  assertEquals([root.line, b.line, b.contentLine], [2, 3, 4]);
  // The comment leaves its line end, so that "code" is found on line 6.
  assertEquals(elementText(b), "\n\ncode");
});

Deno.test("parseXml() takes a declaration behind blank lines, as some vendors write it, but not further down", () => {
  assertEquals(parseXml("\n \n<?xml version='1.0'?>\n<a/>", "x").line, 4);
  fails("<a>\n<?xml version='1.0'?></a>", "x.pdsc:2: ");
});

Deno.test("parseXml() decodes bytes by mark, by declaration, else as UTF-8", () => {
  const utf16 = new Uint8Array([0xff, 0xfe, ...[..."<a>é</a>"].flatMap((c) => [c.charCodeAt(0), 0])]);
  assertEquals(elementText(parseXml(utf16, "x")), "é");
  const latin = Uint8Array.from([..."<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>"], (c) => c.charCodeAt(0));
  assertEquals(elementText(parseXml(latin, "x")), "é");
  assertEquals(elementText(parseXml(new TextEncoder().encode("<a>é</a>"), "x")), "é");
  assertEquals(elementText(parseXml(utf16.subarray(2), "x")), "é");
  // A file that was converted and still says what it was.
  const converted = new TextEncoder().encode("<?xml version='1.0' encoding='UTF-16'?><a>é</a>");
  assertEquals(elementText(parseXml(converted, "x")), "é");
  const odd = new TextEncoder().encode("<?xml version='1.0' encoding='klingon'?><a/>");
  assertThrows(() => parseXml(odd, "x"), FormatError, "the text encoding klingon is not supported");
});
