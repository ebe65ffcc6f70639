/**
 * Finding the access ports of an ADIv6 debug port, which a ROM table lists instead of numbers.
 *
 * @module
 */
import { wordsToBytes } from "../base/bytes.ts";
import { TargetError, TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { describeComponent, flattenComponents, readComponentTree } from "../coresight/discovery.ts";
import type { AccessPort } from "../dap/access_port.ts";
import type { DebugPort } from "../dap/debug_port.ts";
import { ApSpace, openAccessPort } from "../dap/discovery.ts";
import type { MemoryInterface } from "../dap/memory.ts";

const log = getLogger("target", "discovery");

/**
 * Opens every access port that the tables behind the debug port's base address list.
 *
 * @throws {TargetError} when the debug port has no base address
 * @throws {TransferError} when the table at the base cannot be read
 */
export async function findAdi6AccessPorts(dp: DebugPort): Promise<AccessPort[]> {
  const base = await dp.readRootBase();
  if (base === undefined) {
    throw new TargetError("Cannot find access ports: the ADIv6 debug port names no base address (BASEPTR0)", {
      code: "no-base-address",
    });
  }
  const found: AccessPort[] = [];
  for (const node of flattenComponents(await readComponentTree(new WordSpace(dp), base))) {
    log.info(() => `DP ${describeComponent(node)}`);
    if (node.kind !== "mem-ap" || node.error !== undefined) continue;
    try {
      found.push(await openAccessPort(dp, { base: node.address }));
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      log.warning(`Cannot open an access port, going on without: ${error.message}`);
    }
  }
  return found;
}

/** The space of access ports as memory that takes whole words only. */
class WordSpace implements MemoryInterface {
  readonly #dp: DebugPort;
  readonly #space: ApSpace;

  constructor(dp: DebugPort) {
    this.#dp = dp;
    this.#space = new ApSpace(dp);
  }

  async read8(address: number): Promise<number> {
    return (await this.readBytes(address, 1))[0]!;
  }
  async read16(address: number): Promise<number> {
    const [low, high] = await this.readBytes(address, 2) as unknown as [number, number];
    return low | (high << 8);
  }
  read32(address: number): Promise<number> {
    return this.#space.read32(address);
  }
  readWords(address: number, count: number): Promise<Uint32Array> {
    return this.#space.readWords(address, count);
  }
  async readBytes(address: number, length: number): Promise<Uint8Array> {
    const start = address - address % 4;
    const words = await this.readWords(start, Math.ceil((address + length - start) / 4));
    return wordsToBytes(words).subarray(address - start, address - start + length);
  }
  write8(): void {
    throw new TargetError("Cannot write a byte: access ports take whole words only");
  }
  write16(): void {
    throw new TargetError("Cannot write a half-word: access ports take whole words only");
  }
  write32(address: number, value: number): void {
    this.#space.write32(address, value);
  }
  writeWords(address: number, words: Uint32Array): void {
    for (const [index, word] of words.entries()) this.write32(address + index * 4, word);
  }
  writeBytes(): void {
    throw new TargetError("Cannot write bytes: access ports take whole words only");
  }
  waitFor32(address: number, mask: number, value: number, timeoutMs: number): Promise<boolean> {
    return this.#dp.poll(timeoutMs, async () => ((await this.read32(address)) & mask) >>> 0 === value >>> 0);
  }
  flush(): Promise<void> {
    return this.#dp.flush();
  }
}
