/**
 * Simulated boards with the chip descriptions and flash algorithms of their vendors' packs.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type OpenedSim, openSim, type SimOptions } from "../../lib/probe/sim/driver.ts";
import { describeDevice } from "../../lib/pack/device.ts";
import { systemFiles } from "../../lib/pack/files.ts";
import { openPack, openPackArchive, type Pack } from "../../lib/pack/source.ts";
import { bytesSource } from "../../lib/format/byte_source.ts";
import { familyLayer } from "../../lib/target/families/family.ts";
import { familyFor } from "../../lib/target/families/registry.ts";
import type { Layer } from "../../lib/target/ladder.ts";
import type { TargetSettings } from "../../lib/target/settings.ts";
import { Target } from "../../lib/target/target.ts";

const DATA = new URL("../../../shared/data/", import.meta.url);

/** A simulated board and the vendor's pack that describes its chip. */
export interface BoardCase {
  /** Name of the simulated board. */
  readonly board: string;
  /** Part number in the pack. */
  readonly part: string;
  /** The pack, relative to the folder of real data. */
  readonly pack: string;
  /** First byte address and size of the main flash. */
  readonly flash: { readonly start: number; readonly size: number };
}

/** The boards there are. */
export const BOARDS: readonly BoardCase[] = [
  {
    board: "stm32f407",
    part: "STM32F407VGTx",
    pack: "dfp/Keil.STM32F4xx_DFP.3.1.2-dev/Keil.STM32F4xx_DFP.pdsc",
    flash: { start: 0x08000000, size: 0x100000 },
  },
  {
    board: "stm32f072",
    part: "STM32F072RBTx",
    pack: "dfp/Keil.STM32F0xx_DFP.3.1.2-dev/Keil.STM32F0xx_DFP.pdsc",
    flash: { start: 0x08000000, size: 0x20000 },
  },
  {
    board: "nrf52840",
    part: "nRF52840_xxAA",
    pack: "packs/NordicSemiconductor.nRF_DeviceFamilyPack.8.44.1.pack",
    flash: { start: 0, size: 0x100000 },
  },
];

/** Whether the real packs are there. */
export function hasData(): boolean {
  try {
    return Deno.statSync(DATA).isDirectory;
  } catch {
    return false;
  }
}

/** Name for a test that needs the real packs, with the reason when it is skipped. */
export function needsData(name: string): { name: string; ignore: boolean } {
  return hasData()
    ? { name, ignore: false }
    : { name: `${name} (skipped: no vendor packs in ../shared/data)`, ignore: true };
}

/** A board with a target on it, not connected yet. */
export interface Bench extends OpenedSim {
  /** The target. */
  readonly target: Target;
}

/** Powers a board on and describes it from its pack. */
export async function openBench(
  board: BoardCase,
  options: SimOptions = {},
  settings: Partial<TargetSettings> = {},
  layers: readonly Layer[] = [],
): Promise<Bench> {
  const pack = await readPack(fileURLToPath(new URL(board.pack, DATA)));
  const description = describeDevice(pack, board.part);
  const family = familyFor(description);
  const opened = await openSim(board.board, { ...options, board: { timing: "fast", ...options.board } });
  const target = new Target({
    probe: opened.probe,
    description,
    layers: family === undefined ? layers : [...layers, familyLayer(family)],
    settings,
  });
  return { ...opened, target };
}

/** A pack that needs no closing: an archive is read whole. */
async function readPack(path: string): Promise<Pack> {
  return path.endsWith(".pack")
    ? await openPackArchive(bytesSource(await Deno.readFile(path)), path)
    : await openPack(path, systemFiles);
}
