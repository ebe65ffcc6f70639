/**
 * `tapir pack bundle`: one file with the packs a project needs.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { EXIT, UsageError } from "../../base/errors.ts";
import { type BundledPack, makeBundle, openPacks } from "../../pack/bundle.ts";
import { systemFiles } from "../../pack/files.ts";
import { newest, packFileName, type PackId, packTitle } from "../../pack/index_version.ts";
import { matchDevices } from "../../pack/find.ts";
import { findInstalled } from "../../pack/store_devices.ts";
import { writeUserFile } from "../../session/files.ts";
import type { CliContext } from "../context.ts";
import { type PackAction, type PackValues, storeOf } from "../pack_options.ts";
import { byteCount } from "../units.ts";
import { installedNamed } from "./pack_list.ts";

/** `tapir pack bundle`. */
export const bundle: PackAction = {
  options: ["pack", "target", "output"],
  async run(context, values, patterns) {
    const { output } = values;
    if (output === undefined || patterns.length + values.target.length + values.pack.length === 0) {
      throw new UsageError("Cannot make a bundle: say of what, and the file to write", {
        hint: "For example: tapir pack bundle -o ci.zip -t stm32f407vg Keil::STM32H7xx_DFP",
      });
    }
    const packs = await choosePacks(context, values, patterns);
    const bytes = await makeBundle(packs, systemFiles);
    const path = absolute(context, output);
    await writeUserFile(path, bytes);
    if (context.json) context.event("result", { file: path, bytes: bytes.length, packs: packs.map(packFileName) });
    else context.say(`Wrote ${packs.map(packTitle).join(", ")} to ${path}, ${byteCount(bytes.length)}`);
    return EXIT.ok;
  },
};

function absolute(context: CliContext, path: string): string {
  return isAbsolute(path) ? path : join(context.streams.cwd, path);
}

async function choosePacks(
  context: CliContext,
  values: PackValues,
  patterns: readonly string[],
): Promise<BundledPack[]> {
  const store = storeOf(context, values);
  const installed = store.installed();
  const chosen = new Map<string, BundledPack>();
  const add = (pack: BundledPack): void => void chosen.set(packTitle(pack), pack);
  const given: (BundledPack & { readonly devices: readonly { readonly name: string }[] })[] = [];
  for (const path of values.pack.map((each) => absolute(context, each))) given.push(await readPack(path));
  // Without devices to choose by, every pack given is meant.
  if (values.target.length === 0) given.forEach(add);
  for (const pattern of patterns) {
    const pack = newest(installedNamed(pattern, installed));
    if (pack === undefined) throw notInstalled(pattern, "no installed pack is called that");
    add(pack);
  }
  for (const target of values.target) {
    const pack = given.find(({ devices }) => matchDevices(target, devices).length > 0) ??
      (await findInstalled(target, store, systemFiles))?.pack;
    if (pack === undefined) throw notInstalled(target, "no installed pack describes it");
    add(pack);
  }
  return [...chosen.values()];
}

function notInstalled(what: string, reason: string): UsageError {
  return new UsageError(`Cannot bundle ${what}: ${reason}`, {
    code: "no-pack",
    hint: `Install it with: tapir pack install ${what}`,
  });
}

async function readPack(
  path: string,
): Promise<BundledPack & { readonly devices: readonly { readonly name: string }[] }> {
  const [pack, ...more] = await openPacks(path, systemFiles);
  for (const each of [pack!, ...more]) each.close();
  if (more.length > 0) throw new UsageError(`Cannot bundle ${path}: it is a bundle itself`);
  const { vendor, name, version, devices } = pack!.pdsc;
  const id: PackId = { vendor, name, version: version || "0.0.0" };
  return { ...id, path, devices };
}
