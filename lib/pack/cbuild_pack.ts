/**
 * A cbuild-run file in the place of a pack: its chip, and the files it names.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { PackError } from "../base/errors.ts";
import type { CbuildRun } from "./cbuild_run.ts";
import { packFileName, type PackId, packTitle } from "./index_version.ts";
import { isSupportedCore } from "./pdsc_debug.ts";
import { type FileAccess, openPack, type Pack } from "./source.ts";

/**
 * The pack that a cbuild-run file stands for. Files below the pack root are read from unpacked packs, or else from the
 * archives they would be unpacked from.
 */
export function cbuildPack(run: CbuildRun, packRoot: string, files: FileAccess): Pack {
  const { device, fileName } = run;
  const archives = new Map<string, Promise<Pack>>();
  const archived = async (path: string): Promise<{ pack: Pack; inside: string; id: PackId } | undefined> => {
    const found = placeInPack(path, packRoot);
    if (found === undefined) return undefined;
    const archive = `${packRoot}/.Download/${packFileName(found.id)}.pack`;
    if (await files.stat(archive) === undefined) return undefined;
    let pack = archives.get(archive);
    if (pack === undefined) archives.set(archive, pack = openPack(archive, files));
    return { ...found, pack: await pack };
  };
  const isFile = async (path: string): Promise<boolean> => (await files.stat(path))?.isDirectory === false;
  return {
    location: fileName,
    pdsc: {
      fileName,
      vendor: device.vendor,
      name: device.name,
      version: "",
      url: "",
      description: run.about["solution"] ?? "",
      devices: [{
        name: device.name,
        deviceName: device.deviceName,
        vendor: device.vendor,
        family: device.family,
        cores: device.processors.map(({ core }) => core),
        isSupported: device.processors.length === 0 || device.processors.some(({ core }) => isSupportedCore(core)),
        line: 1,
      }],
      problems: run.problems.map((message) => ({ file: fileName, line: 1, message })),
      device: () => device,
      boards: () => [],
    },
    has: async (path) => {
      if (await isFile(path)) return true;
      const found = await archived(path);
      return found !== undefined && await found.pack.has(found.inside);
    },
    read: async (path): Promise<Bytes> => {
      if (await isFile(path)) return await files.read(path);
      const found = await archived(path);
      if (found && await found.pack.has(found.inside)) return await found.pack.read(found.inside);
      const id = placeInPack(path, packRoot)?.id;
      throw new PackError(`Cannot read ${path}, which ${fileName} names: there is no such file`, {
        code: "missing-file",
        hint: id === undefined
          ? "Build the project again, so that the file fits what is on this computer"
          : `Install the pack with \`tapir pack install ${packTitle(id)}\` or \`cpackget add ${packTitle(id)}\``,
        fields: { file: path },
      });
    },
    close: () => {
      // An archive that could not be opened has nothing to close, and its error went to who asked for it.
      for (const pack of archives.values()) pack.then((each) => each.close(), () => {});
      archives.clear();
    },
  };
}

/** The pack that a path below the pack root belongs to, and the rest of the path. */
function placeInPack(path: string, packRoot: string): { readonly id: PackId; readonly inside: string } | undefined {
  const [plain, root] = [path.replaceAll("\\", "/"), packRoot.replaceAll("\\", "/")];
  if (!plain.startsWith(`${root}/`)) return undefined;
  const [vendor, name, version, ...rest] = plain.slice(root.length + 1).split("/");
  if (!vendor || !name || !version || rest.length === 0) return undefined;
  return { id: { vendor, name, version }, inside: rest.join("/") };
}
