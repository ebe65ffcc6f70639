/**
 * Adds flash that hangs on the chip's QSPI (or FSMC, OCTOSPI, …) and that its pack knows nothing about, with the flash
 * algorithm (FLM) that the vendor of board or chip gives.
 *
 *     tapir flash --script external_flash.ts image.bin@0x10000000
 *
 * The algorithm beside this file is written for simulated boards: it keeps its "external" memory in the core-coupled
 * RAM of an STM32F407. Put yours in its place; where it works and how large it is, it says itself.
 */
import { type DelegateContext, makeRegion, readFlashAlgorithm } from "tapir";

/** Before anything is sent: the memory map may still be changed. */
export async function will_connect({ target, log }: DelegateContext<"will_connect">): Promise<void> {
  const algorithm = await readFlashAlgorithm(new URL("./external_flash.FLM", import.meta.url));
  const { start, size } = algorithm;
  target.map = target.map.with(makeRegion("QSPI", "flash", start, size, { external: true, algorithm }));
  log.info(`Added ${size} bytes of external flash`);
}
