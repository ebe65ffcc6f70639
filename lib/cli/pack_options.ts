/**
 * Options of `tapir pack`, and what its actions work with.
 *
 * @module
 */
import { counted } from "../base/counted.ts";
import { systemClock } from "../base/clock.ts";
import { EXIT, UsageError } from "../base/errors.ts";
import type { ProgressListener } from "../base/events.ts";
import { openNetwork } from "../pack/download_http.ts";
import { type DownloadReport, PackDownloads } from "../pack/download_packs.ts";
import { packRoot } from "../pack/root.ts";
import { PackStore } from "../pack/store.ts";
import { type CliOption, type CliOptions, type CliValues, flag, group, many, one, text } from "./command_spec.ts";
import { JSON_OUTPUT, LOGGING } from "./common_options.ts";
import type { CliContext } from "./context.ts";

type Flag = CliOption<boolean>;
type Text = CliOption<string | undefined>;
type Texts = CliOption<readonly string[]>;

/** Options of all actions; those without a heading belong to some actions only. */
export const PACK_OPTIONS: CliOptions & {
  readonly update: Flag;
  readonly clean: Flag;
  readonly all: Flag;
  readonly noDownload: Flag;
  readonly unpack: Flag;
  readonly noHeader: Flag;
  readonly pack: Texts;
  readonly target: Texts;
  readonly algorithm: Texts;
  readonly flm: Texts;
  readonly output: Text;
  readonly root: Text;
  readonly offline: Flag;
  readonly url: Text;
  readonly proxy: Text;
  readonly ca: Text;
  readonly json: Flag;
} & typeof LOGGING = {
  update: flag("-u, --update", "find, install: fetch the index first"),
  clean: flag("-c, --clean", "find, install, update: remove what Tapir downloaded first"),
  all: flag("--all", "update: fetch the descriptions of all packs too"),
  noDownload: flag("-n, --no-download", "install: only say what would be downloaded"),
  unpack: flag("--unpack", "install: unpack too, as some other tools need it"),
  noHeader: flag("-H, --no-header", "find, list, show: leave out the header of the table"),
  pack: many("--pack <path>", "show, bundle: a pack file, directory or bundle instead of installed packs", text),
  target: many("-t, --target <type>", "show, bundle: a device; repeatable", text),
  algorithm: many("--algorithm <name>", "show: choose this flash algorithm; repeatable", text),
  flm: many("--flm <file[@base[,size]]>", "show: choose the flash algorithm in a file; repeatable", text),
  output: one("-o, --output <file>", "bundle: the file to write", text),
  ...group("Packs:", {
    root: one("--root <dir>", "pack root instead of CMSIS_PACK_ROOT", text),
    offline: flag("--offline", "use what is on this computer only"),
    url: one("--url <mirror>", "folder or index file to ask before the public servers", text),
    proxy: one("--proxy <url>", "proxy, over HTTPS_PROXY and HTTP_PROXY", text),
    ca: one("--ca <file>", "certificates (PEM) to trust too, over SSL_CERT_FILE", text),
    ...JSON_OUTPUT,
  }),
  ...LOGGING,
};

/** Values of the options. */
export type PackValues = CliValues<typeof PACK_OPTIONS>;

/** One action of `tapir pack`. */
export interface PackAction {
  /** Names of the options it takes, besides those every action takes. */
  readonly options: readonly string[];
  /** Does it and answers the exit code. */
  run(context: CliContext, values: PackValues, patterns: readonly string[]): Promise<number>;
}

/** The pack root the options say. @throws {UsageError} when nothing tells */
export function storeOf(context: CliContext, { root }: Pick<PackValues, "root">): PackStore {
  return new PackStore(packRoot(root, (name) => context.streams.env(name)));
}

/** Downloads into `store` as the options say; `work` may be called with progress on show. */
export async function withDownloads<T>(
  context: CliContext,
  store: PackStore,
  values: PackValues,
  work: (downloads: PackDownloads) => Promise<T>,
): Promise<T> {
  const { env, interrupted } = context.streams;
  const network = values.offline ? undefined : await openNetwork({ env, proxy: values.proxy, caFile: values.ca });
  const display = context.progress();
  // The display raises an error on Ctrl-C; downloads have a signal for that.
  const progress: ProgressListener = (step) => {
    if (!interrupted.aborted) display.update(step);
  };
  try {
    return await work(
      new PackDownloads({ store, network, clock: systemClock, mirror: values.url, progress, signal: interrupted }),
    );
  } finally {
    display.close();
    network?.close();
  }
}

/** Says what could not be downloaded and why. */
export function sayFailures(context: CliContext, { failures }: DownloadReport): void {
  if (failures.length === 0 || context.json) return;
  context.say(context.paint("red", `${counted(failures.length, "download")} failed:`));
  for (const { what, error } of failures) {
    context.say(`  ${what}: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`);
  }
}

/** A report for programs. */
export function reportToJson({ fetched, unchanged, failures, received }: DownloadReport): object {
  return {
    fetched,
    unchanged,
    received,
    failures: failures.map(({ what, error }) => ({ what, code: error.code, message: error.message, hint: error.hint })),
  };
}

/** The exit code after downloads. */
export function exitOf({ failures }: DownloadReport): number {
  if (failures.length === 0) return EXIT.ok;
  return failures.every(({ error }) => error.exitCode === EXIT.timeout) ? EXIT.timeout : EXIT.failed;
}

/** Some patterns are needed. @throws {UsageError} when there are none */
export function needPatterns(action: string, patterns: readonly string[], example: string): void {
  if (patterns.length > 0) return;
  throw new UsageError(`Cannot ${action} packs: say which`, { hint: `For example: tapir pack ${action} ${example}` });
}
