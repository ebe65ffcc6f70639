/**
 * A connection to a target through a probe, with everything that belongs to it: the composition root.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { TapirError, TargetError, UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { didYouMean } from "../base/near_names.ts";
import type { Core, ResetType } from "../core/core.ts";
import type { CortexM } from "../core/cortex_m.ts";
import type { AccessPort } from "../dap/access_port.ts";
import type { DebugPort } from "../dap/debug_port.ts";
import type { Pack } from "../pack/source.ts";
import type { Probe } from "../probe/probe.ts";
import type { Layer } from "../target/ladder.ts";
import { Target } from "../target/target.ts";
import type { ConnectMode } from "../target/settings.ts";
import { familyLayer } from "../target/families/family.ts";
import { familyFor } from "../target/families/registry.ts";
import { settingsForProbe } from "./config.ts";
import { FlashService } from "./flash_service.ts";
import type { Options } from "./options.ts";
import { RESET_TYPES } from "./reset_types.ts";
import { openSequences, type SessionSequences } from "./sequences.ts";
import type { Settings } from "./settings.ts";
import { targetSettings } from "./target_settings.ts";
import { findTarget, type FoundTarget, targetRequest } from "./targets.ts";

const log = getLogger("session");

/** How far a session is opened. */
export type SessionInit = "full" | "unless-locked" | "none";

/** What a session is opened with. */
export interface SessionRequest extends Settings {
  /** An open probe; the session closes it. */
  readonly probe: Probe;
  /**
   * What is done to the target: `full` connects to it and is what happens unless given; `unless-locked` goes on with a
   * locked one, without cores, so that it can be unlocked; `none` leaves it alone.
   */
  readonly init?: SessionInit;
  /** Overrides above everything else, such as the user script. */
  readonly layers?: readonly Layer[];
  /** Asks the user for a line, for the questions of debug sequences; undefined when the input has ended. */
  readonly ask?: (question: string) => Promise<string | undefined>;
}

/** How to reset. */
export interface SessionReset {
  /** The core that software resets act on; the primary one unless given. */
  readonly core?: Core;
  /** How; as the options say unless given. */
  readonly type?: ResetType;
  /** Halt before the first instruction. */
  readonly halt?: boolean;
}

/** A connection to a target through a probe. */
export class Session {
  /** Options; changes act on what happens next. */
  readonly options: Options;
  /** Directory that relative paths start from. */
  readonly projectDir: string;
  /** The probe. */
  readonly probe: Probe;
  /** The chip. */
  readonly target: Target;
  readonly #found: FoundTarget;
  readonly #stopWatching: () => void;
  #flash: FlashService | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    request: SessionRequest,
    found: FoundTarget,
    target: Target,
    sequences: SessionSequences | undefined,
  ) {
    this.options = request.options;
    this.projectDir = request.projectDir;
    this.probe = request.probe;
    this.target = target;
    target.session = this;
    this.#found = found;
    this.#stopWatching = this.options.onChange(() => {
      sequences?.refresh();
      this.target.settings = { ...this.target.settings, ...targetSettings(this.options, this.probe) };
    });
  }

  /**
   * Finds out about the chip, connects and discovers what is behind the debug port. When that fails, the probe is closed.
   *
   * @throws {TapirError} when the chip is unknown, its pack broken, or nothing answers
   */
  static async open(request: SessionRequest): Promise<Session> {
    const { probe, options, config } = request;
    let found: FoundTarget | undefined;
    try {
      for (const { name, value } of settingsForProbe(config, probe.uniqueId)) {
        options.put("probe-section", name, value, `probes section of ${config.path}`);
      }
      const board = await probe.boardInfo?.();
      found = await findTarget({ ...targetRequest(options, request.projectDir), suggested: board?.targetName });
      const { description } = found;
      const family = familyFor(description);
      const pack = description.source === "builtin" ? undefined : found.pack;
      const sequences = pack && await openSequences({ ...request, description, pack });
      const target = new Target({
        probe,
        description,
        layers: [
          ...request.layers ?? [],
          ...(sequences === undefined ? [] : [sequences.sequences.layer]),
          ...(family === undefined ? [] : [familyLayer(family)]),
        ],
        settings: {
          ...targetSettings(options, probe),
          ...(sequences?.targetSel === undefined ? {} : { targetSel: sequences.targetSel }),
        },
        ...(sequences === undefined ? {} : { sequences: sequences.sequences }),
      });
      const session = new Session(request, found, target, sequences);
      if (request.init !== "none") await session.#connect(request.init === "unless-locked");
      return session;
    } catch (error) {
      found?.close();
      await probe.close().catch((second: unknown) => log.warning(`Cannot close the probe: ${String(second)}`));
      throw error;
    }
  }

  async #connect(mayBeLocked: boolean): Promise<void> {
    try {
      await this.target.connect(this.options.get("connect_mode") as ConnectMode);
    } catch (error) {
      if (!mayBeLocked || !(error instanceof TapirError) || error.code !== "target-locked") throw error;
      log.warning(`${error.message}; run \`unlock\`, which erases everything, and then \`reinit\``);
    }
  }

  /** The pack that describes the chip; open as long as the session. */
  get pack(): Pack | undefined {
    return this.#found.pack;
  }

  /** The debug port. */
  get dp(): DebugPort {
    return this.target.dp;
  }

  /** Access ports that discovery found, by APSEL number or, behind an ADIv6 debug port, by address. */
  get aps(): Readonly<Record<number, AccessPort>> {
    return Object.fromEntries(this.target.aps.map((ap) => [numberOf(ap), ap]));
  }

  /** The access port with this APSEL number or address. @throws {TargetError} when discovery found none there */
  ap(number: number): AccessPort {
    const found = this.target.aps.find((ap) => numberOf(ap) === number);
    if (found !== undefined) return found;
    throw new TargetError(`Cannot use access port ${number}: discovery found none there`, {
      code: "no-such-ap",
      hint: `There are: ${this.target.aps.map(({ name }) => name).join(", ") || "none"}`,
      fields: { ap: number },
    });
  }

  /** Cores that discovery found, in order. */
  get cores(): readonly CortexM[] {
    return this.target.cores;
  }

  /** Time as the probe's world sees it. */
  get clock(): Clock {
    return this.probe.clock;
  }

  /** The core with this number. @throws {TargetError} when there is none */
  coreAt(index: number): CortexM {
    return this.target.core(index);
  }

  /** Flash work on the primary core. @throws {TargetError} when the target has no core */
  get flash(): FlashService {
    const core = this.target.primaryCore;
    // Cores are made anew when the target is connected again.
    if (this.#flash?.core !== core) this.#flash = new FlashService(this.target, core, this.options);
    return this.#flash;
  }

  /**
   * Resets the target and waits until it is back.
   *
   * @throws {UsageError} when there is no such type of reset
   * @throws {TimeoutError} when it does not come back
   */
  async reset({ core, type, halt }: SessionReset = {}): Promise<void> {
    const types: readonly string[] = RESET_TYPES;
    if (type !== undefined && !types.includes(type)) {
      throw new UsageError(`Cannot reset by ${type}: there is no such type of reset`, {
        hint: didYouMean(type, types) ?? `Types: ${types.join(", ")}`,
      });
    }
    const chosen = core === undefined ? this.target.primaryCore : this.coreAt(core.index);
    await this.target.reset(chosen, type ?? "default", { halt: halt ?? false });
  }

  /** Leaves the target halted on disconnecting, unless something sets the option `resume_on_disconnect`. */
  stayHalted(): void {
    if (!this.options.isSet("resume_on_disconnect")) this.options.set("resume_on_disconnect", false);
  }

  /** Erases everything the chip's own way, or all flash when it has no way of its own. @throws {TapirError} */
  async massErase(): Promise<void> {
    const who = await this.target.massErase(async () => void await this.flash.eraseChip());
    log.info(`Mass erase was done by ${who}`);
  }

  /**
   * Writes memory with accesses of `bits` bits where the address allows it; into flash, which must be erased there,
   * through the flash algorithm.
   *
   * @throws {TapirError} when the memory cannot be written
   */
  async writeMemory(core: Core, address: number, bytes: Uint8Array, bits: 8 | 16 | 32): Promise<void> {
    const region = this.target.map.regionAt(address);
    const inFlash = region?.kind === "flash" && address + bytes.length <= region.start + region.size;
    if (inFlash) return await this.flash.programErased(address, bytes);
    await this.writeRam(core, address, bytes, bits);
  }

  /**
   * Writes memory other than flash with accesses of `bits` bits where the address allows it.
   *
   * @throws {TargetError} when the range touches flash
   * @throws {TransferError} when the memory does not take it
   */
  async writeRam(core: Core, address: number, bytes: Uint8Array, bits: 8 | 16 | 32): Promise<void> {
    const end = address + bytes.length;
    const flash = this.target.map.intersecting({ start: address, end }).find((region) => region.kind === "flash");
    if (flash !== undefined) {
      throw new TargetError(`Cannot write ${bytes.length} bytes to ${flash.name}: flash is not written like RAM`, {
        code: "write-to-flash",
        hint: "Use `tapir flash`",
        fields: { address },
      });
    }
    const size = bits / 8;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bits === 32 || address % size !== 0 || bytes.length % size !== 0) core.writeBytes(address, bytes);
    else if (bits === 16) {
      for (let i = 0; i < bytes.length; i += 2) {
        core.write16(address + i, view.getUint16(i, true));
      }
    } else for (const [i, byte] of bytes.entries()) core.write8(address + i, byte);
    await core.flush();
  }

  /** Disconnects, leaving the target as the option `resume_on_disconnect` says, and closes the probe. Never throws. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#stopWatching();
    try {
      await this.target.disconnect({ resume: this.options.get("resume_on_disconnect") });
    } catch (error) {
      log.warning(`Cannot disconnect cleanly: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#found.close();
    try {
      await this.probe.close();
    } catch (error) {
      log.warning(`Cannot close the probe: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Closes the session at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function numberOf({ address }: AccessPort): number {
  return "apsel" in address ? address.apsel : address.base;
}
