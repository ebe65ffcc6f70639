/**
 * CRC-32 of target memory, computed by the target's own core: a few packets instead of all the bytes.
 *
 * @module
 */
import { bytesToWords, viewOf } from "../base/bytes.ts";
import type { AddressRange } from "../base/ranges.ts";
import type { Core } from "../core/core.ts";
import { crc32Table } from "../format/crc32.ts";
import type { AlgorithmRunner } from "./runner.ts";

/**
 * ARMv6-M code, runs anywhere: R0 is the first of a list of pairs (address, length in bytes, not 0), R1 the end of the
 * list, R2 the table of {@linkcode crc32Table}. Each address is replaced by the CRC-32 of its bytes.
 */
const CODE = Uint16Array.of(
  0x0005, //       movs r5, r0
  0x000e, //       movs r6, r1
  0x42b5, // next: cmp  r5, r6
  0xd012, //       beq  done
  0x6828, //       ldr  r0, [r5, #0]
  0x6869, //       ldr  r1, [r5, #4]
  0x1841, //       adds r1, r0, r1
  0x2300, //       movs r3, #0
  0x43db, //       mvns r3, r3
  0x7804, // byte: ldrb r4, [r0]
  0x3001, //       adds r0, #1
  0x405c, //       eors r4, r3
  0xb2e4, //       uxtb r4, r4
  0x00a4, //       lsls r4, r4, #2
  0x5914, //       ldr  r4, [r2, r4]
  0x0a1b, //       lsrs r3, r3, #8
  0x4063, //       eors r3, r4
  0x4288, //       cmp  r0, r1
  0xd1f5, //       bne  byte
  0x43db, //       mvns r3, r3
  0x602b, //       str  r3, [r5, #0]
  0x3508, //       adds r5, #8
  0xe7ea, //       b    next
  0x2000, // done: movs r0, #0
  0x4770, //       bx   lr
);
const CODE_BYTES = 52;
const TABLE_BYTES = 1024;
const PAIR_BYTES = 8;

function codeWords(): Uint32Array {
  const bytes = new Uint8Array(CODE_BYTES);
  const view = viewOf(bytes);
  CODE.forEach((halfword, index) => view.setUint16(index * 2, halfword, true));
  return bytesToWords(bytes);
}

/**
 * CRC-32 of every range, none of which may be empty. The page buffers are overwritten.
 *
 * @returns undefined when the page buffers are too small for the code and its table
 * @throws {FlashError} when the core does not get through, as where a range cannot be read
 */
export async function checksums(
  runner: AlgorithmRunner,
  core: Core,
  ranges: readonly AddressRange[],
  timeoutMs: number,
): Promise<Uint32Array | undefined> {
  const { start, end } = runner.scratch;
  const table = start + CODE_BYTES;
  const list = table + TABLE_BYTES;
  const atOnce = Math.floor((end - list) / PAIR_BYTES);
  if (atOnce < 1) return undefined;
  core.writeWords(start, codeWords());
  core.writeWords(table, crc32Table());
  const out = new Uint32Array(ranges.length);
  for (let at = 0; at < ranges.length; at += atOnce) {
    const pairs = ranges.slice(at, at + atOnce).flatMap((range) => [range.start, range.end - range.start]);
    core.writeWords(list, Uint32Array.from(pairs));
    await runner.execute("compute checksums", start, [list, list + pairs.length * 4, table], timeoutMs);
    const results = await core.readWords(list, pairs.length);
    for (let i = 0; i < pairs.length; i += 2) out[at + i / 2] = results[i]!;
  }
  return out;
}
