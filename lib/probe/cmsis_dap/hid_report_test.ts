import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../../base/errors.ts";
import { parseHexBytes } from "../../base/bytes.ts";
import { type HidReport, parseHidReport } from "./hid_report.ts";

const parse = (text: string): HidReport => parseHidReport(parseHexBytes(text));

/** Descriptors that do not hold together, and what is said about them. */
const MALFORMED: readonly (readonly [what: string, bytes: string, message: string])[] = [
  ["data that is missing", "06 00", "the item at byte 0 is cut off"],
  ["the last byte cut off", "0600ff 0901 a101 95", "the item at byte 7 is cut off"],
  ["four data bytes of which there are three", "05ff 97 000001", "the item at byte 2 is cut off"],
  ["a long item without its size", "fe", "the item at byte 0 is cut off"],
  ["a long item that is too short", "fe 05 01 0000", "the item at byte 0 is cut off"],
  ["a collection that does not end", "0600ff 0901 a101", "the item at byte 7 is missing: a collection does not end"],
  ["an end without a collection", "c0", "the item at byte 0 ends a collection that was never begun"],
  ["POP without PUSH", "0600ff b4", "the item at byte 3 restores what was never saved"],
  ["report ID 0", "8500", "the item at byte 0 gives report ID 0"],
];

for (const [what, bytes, message] of MALFORMED) {
  Deno.test(`parseHidReport() refuses ${what}`, () => {
    assertThrows(() => parse(bytes), FormatError, `Cannot read the HID report descriptor: ${message}`);
  });
}

/** Descriptors: usage pages, bytes in, bytes out, whether with IDs. */
const READ: readonly (readonly [what: string, bytes: string, pages: number[], size: [number, number], ids: boolean])[] =
  [
    ["nothing", "", [], [0, 0], false],
    ["CMSIS-DAP as most probes have it", "0600ff 0901 a101 1500 26ff00 7508 9540 0901 8102 0901 9102 c0", [0xff00], [
      64,
      64,
    ], false],
    [
      "reports of 512 bytes with a feature report beside them",
      "0600ff 0901 a101 1500 26ff00 7508 960002 0901 8102 0901 9102 9504 0901 b102 c0",
      [0xff00],
      [512, 512],
      false,
    ],
    ["a page in the usage itself", "0501 0b010000ff a101 c0", [0xff00], [0, 0], false],
    ["a usage with a page, forgotten after the collection", "0501 0b010000ff a101 c0 0902 a101 c0", [0xff00, 1], [
      0,
      0,
    ], false],
    ["nested collections, of which the outer counts", "0501 0902 a101 0600ff 0901 a100 c0 c0", [1], [0, 0], false],
    ["a physical collection on its own", "0600ff 0901 a100 c0", [], [0, 0], false],
    [
      "several collections with report IDs",
      "0601ff a101 8501 7508 953f 8102 c0 a101 8502 9507 8102 9102 c0",
      [
        0xff01,
        0xff01,
      ],
      [63, 7],
      true,
    ],
    ["PUSH and POP", "0600ff 7508 9540 a4 0501 7501 9503 b4 a101 8102 9102 c0", [0xff00], [64, 64], false],
    ["bits that fill no byte", "0600ff a101 7501 9509 8102 c0", [0xff00], [2, 0], false],
    ["a long item in between", "fe 02 01 aabb 0600ff a101 c0", [0xff00], [0, 0], false],
  ];

for (const [what, bytes, usagePages, [inputBytes, outputBytes], hasIds] of READ) {
  Deno.test(`parseHidReport() reads ${what}`, () => {
    assertEquals(parse(bytes), { usagePages, inputBytes, outputBytes, hasIds });
  });
}
