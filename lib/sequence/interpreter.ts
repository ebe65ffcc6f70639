/**
 * Runs parsed sequences over a {@linkcode SequenceHost}.
 *
 * Evaluation is synchronous for as long as no value is needed that is still on its way from the target: all accesses of
 * an atomic block are queued in one go and travel together.
 *
 * @module
 */
import { Deadline } from "../base/clock.ts";
import { InterruptedError, TapirError, TargetError, TimeoutError, TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { binary, unary } from "./arithmetic.ts";
import type { Expression, Position, Statement } from "./ast.ts";
import { SequenceBuffers } from "./buffers.ts";
import { accessesMemory, changes, isPlainRead } from "./expressions.ts";
import { all, type Argument, type SequenceFunction, sequenceFunctions } from "./functions.ts";
import type { AccessPath, SequenceHost } from "./host.ts";
import type { ProgramNode, SequenceProgram } from "./program.ts";
import { chain, type Maybe, Scope } from "./scope.ts";

const log = getLogger("sequence");

/** Variables that a sub-sequence inherits and gives back unchanged. */
const REGISTERS = ["__dp", "__ap", "__apid", "__errorcontrol"] as const;

/** A `while` without a limit of its own ends after this many milliseconds: every wait has a bound. */
const LOOP_LIMIT_MS = 60_000;

/** Longest pause between two looks at the condition of a `while`. */
const MAX_PAUSE_MS = 1;

/** Sequences calling sequences deeper than this are calling themselves. */
const MAX_CALL_DEPTH = 32;

/** Calls of sequences in one run. Loops that poll make thousands; a few sequences that fan out make far more. */
const MAX_CALLS = 100_000;

/** One function call of a running sequence, for `--trace-sequences`. */
export interface TraceEvent {
  /** Name of the sequence. */
  readonly sequence: string;
  /** Processor it runs for. */
  readonly pname: string | undefined;
  /** Where the call stands. */
  readonly at: Position;
  /** The call with the values of its arguments, such as `Write32(0xe0042004, 0x7)`. */
  readonly call: string;
  /** What it returned, when it is there at once or has arrived. */
  readonly result: bigint;
}

/** What a run needs besides the program. */
export interface RunContext {
  /** The world. */
  readonly host: SequenceHost;
  /** Processor the sequence runs for. */
  readonly pname: string | undefined;
  /** Debug variables; sequences read them and never change them. */
  readonly debugVariables: Scope;
  /** Predefined variables such as `__protocol`. */
  readonly predefined: Readonly<Record<string, bigint>>;
  /**
   * Finds what `Sequence("name")` runs; undefined leaves it to {@linkcode SequenceHost.runNative}, `skip` passes over
   * the call.
   */
  resolve(name: string): SequenceProgram | "skip" | undefined;
  /** Hears about every call. */
  readonly trace?: (event: TraceEvent) => void;
  /** Stops the run. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a sequence from its first to its last element.
 *
 * @returns the value of `__Result`, 0 for success
 * @throws {TargetError} naming sequence, line and column, with the failure below as its cause
 */
export async function runSequence(program: SequenceProgram, context: RunContext): Promise<bigint> {
  return await new Run(context).sequence(program, context.predefined, 0);
}

class Run {
  /** `__Result` is one variable for a sequence and all it calls; everything else belongs to one sequence. */
  readonly #shared: Scope;
  #calls = 0;

  constructor(readonly context: RunContext) {
    this.#shared = new Scope(context.debugVariables);
    this.#shared.declare("__Result", 0n);
  }

  async sequence(
    program: SequenceProgram,
    variables: Readonly<Record<string, bigint>>,
    depth: number,
  ): Promise<bigint> {
    const scope = new Scope(this.#shared);
    for (const name of REGISTERS) scope.declare(name, 0n);
    for (const [name, value] of Object.entries(variables)) scope.declare(name, value);
    const frame = new Frame(this, program.source.name, scope, depth);
    await frame.nodes(program.children, scope);
    return await (this.#shared.get("__Result") ?? 0n);
  }

  async call(name: string, caller: Scope, depth: number): Promise<void> {
    if (depth > MAX_CALL_DEPTH) {
      throw new TargetError(`Cannot run sequence ${name}: sequences are nested more than ${MAX_CALL_DEPTH} deep`, {
        code: "sequence-depth",
      });
    }
    if (++this.#calls > MAX_CALLS) {
      throw new TargetError(`Cannot run sequence ${name}: more than ${MAX_CALLS} calls of sequences in one run`, {
        code: "sequence-calls",
      });
    }
    const { host, pname, predefined, signal } = this.context;
    if (signal?.aborted) throw new InterruptedError(`Sequence ${name} was interrupted`);
    await host.flush();
    const program = this.context.resolve(name);
    if (program === "skip") return;
    if (program === undefined) {
      if (await host.runNative(name, pname)) return;
      throw new TargetError(`Cannot run sequence ${name}: it is not defined`, { code: "sequence-unknown" });
    }
    const inherited: Record<string, bigint> = { ...predefined };
    for (const register of REGISTERS) inherited[register] = await (caller.get(register) ?? 0n);
    await this.sequence(program, inherited, depth);
  }
}

/** One running sequence. */
class Frame {
  readonly #run: Run;
  readonly #name: string;
  readonly #buffers = new SequenceBuffers();
  readonly #depth: number;
  readonly #top: Scope;
  /** Where each queued write stands, so that its failure can be placed when it surfaces at the end of the block. */
  #queued: { port: string | undefined; address: number; at: Position }[] = [];
  /** The block that is running. */
  #block: (ProgramNode & { kind: "block" }) | undefined;

  constructor(run: Run, name: string, top: Scope, depth: number) {
    this.#run = run;
    this.#name = name;
    this.#top = top;
    this.#depth = depth;
  }

  async nodes(nodes: readonly ProgramNode[], scope: Scope): Promise<void> {
    for (const node of nodes) {
      if (this.#run.context.signal?.aborted) throw new InterruptedError(`Sequence ${this.#name} was interrupted`);
      if (node.kind === "control") {
        await this.#control(node, scope);
        continue;
      }
      this.#block = node;
      try {
        await this.#runBlock(node, scope);
      } catch (error) {
        // Writes that were queued before the failure are not to surface in somebody else's access.
        await this.#run.context.host.flush().catch(() => {});
        throw error;
      } finally {
        this.#block = undefined;
      }
    }
  }

  async #runBlock(block: ProgramNode & { kind: "block" }, scope: Scope): Promise<void> {
    if (block.atomic && block.statements.some(accessesMemory)) await this.#prepare(scope);
    const pending: Promise<unknown>[] = [];
    for (const statement of block.statements) {
      const outcome = this.#statement(statement, scope);
      if (outcome === undefined) continue;
      // In an atomic block a value that nothing needs yet stays on its way; a side effect that had to wait for one
      // must happen before the next statement, or the order on the wire would change.
      if (block.atomic && outcome.deferrable) {
        // A statement that fails first ends the block; this value's own failure must then not count as unhandled.
        outcome.value.catch(() => {});
        pending.push(outcome.value);
      } else await outcome.value;
    }
    await Promise.all(pending);
    await this.#flush(block.statements[0]?.at);
  }

  /** Lets the host open what the block needs, so that nothing has to wait in its middle. */
  async #prepare(scope: Scope): Promise<void> {
    const [dp, ap, apid] = await Promise.all(["__dp", "__ap", "__apid"].map((name) => scope.get(name) ?? 0n));
    // Should that fail, the access itself fails in its place and says so.
    await this.#run.context.host.prepare?.({ dp: Number(dp), ap: Number(ap), apid: Number(apid) }).catch(() => {});
  }

  async #control(control: ProgramNode & { kind: "control" }, scope: Scope): Promise<void> {
    if (control.if && await this.#condition(control.if, scope) === 0n) return;
    if (!control.while) return await this.nodes(control.children, new Scope(scope));
    const { clock } = this.#run.context.host;
    const limited = control.timeoutUs > 0;
    const limitMs = limited ? control.timeoutUs / 1000 : LOOP_LIMIT_MS;
    const deadline = new Deadline(clock, limitMs, `looping in sequence ${this.#name} at line ${control.line}`);
    const inner = new Scope(scope);
    let pauseMs = 0.01;
    while (await this.#condition(control.while, inner) !== 0n) {
      // A loop that changes nothing is how packs write a delay.
      if (limited && control.children.length === 0 && !changes(control.while)) return await clock.sleep(limitMs);
      if (deadline.expired) {
        // The specification lets the sequence go on after its own limit; ours only guards against endless loops.
        if (limited) return;
        throw this.#placed(
          new TimeoutError(`the loop has not ended after ${LOOP_LIMIT_MS} ms`, {
            hint: "The loop has no time limit of its own; the description of the chip may be wrong",
          }),
          control.while.at,
        );
      }
      if (this.#run.context.signal?.aborted) throw new InterruptedError(`Sequence ${this.#name} was interrupted`);
      await this.nodes(control.children, new Scope(inner));
      // Lets virtual time move even when the loop only looks at variables; what takes long is asked less often.
      await clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 1.1, MAX_PAUSE_MS);
    }
  }

  async #condition(expression: Expression, scope: Scope): Promise<bigint> {
    const value = await this.#number(expression, scope);
    await this.#flush(expression.at);
    return value;
  }

  async #flush(at: Position | undefined): Promise<void> {
    try {
      await this.#run.context.host.flush();
    } catch (error) {
      const culprit = this.#queued.find((write) => isFailureOf(error, write))?.at ?? at;
      throw culprit ? this.#placed(error, culprit) : error;
    } finally {
      this.#queued = [];
    }
  }

  /** Executes a statement; answers what is still on its way, and whether later statements may overtake it. */
  #statement(statement: Statement, scope: Scope): { value: Promise<unknown>; deferrable: boolean } | undefined {
    const expression = statement.kind === "var" ? statement.value : statement.expression;
    const deferrable = expression !== undefined && isPlainRead(expression, scope);
    const value = expression === undefined ? 0n : this.#evaluate(expression, scope);
    if (statement.kind !== "var") return value instanceof Promise ? { value, deferrable } : undefined;
    if (value instanceof Promise && !deferrable) {
      return { value: value.then((arrived) => scope.declare(statement.name, arrived as bigint)), deferrable };
    }
    scope.declare(statement.name, value as Maybe<bigint>);
    return value instanceof Promise ? { value, deferrable } : undefined;
  }

  #number(expression: Expression, scope: Scope): Maybe<bigint> {
    return this.#evaluate(expression, scope) as Maybe<bigint>;
  }

  #evaluate(expression: Expression, scope: Scope): Maybe<Argument> {
    switch (expression.kind) {
      case "number":
      case "string":
        return expression.value;
      case "name": {
        const value = scope.get(expression.name);
        if (value !== undefined) return value;
        throw this.#placed(new TargetError(`Cannot read variable ${expression.name}: it has no value`), expression.at);
      }
      case "unary":
        return chain(this.#number(expression.operand, scope), (a) => unary(expression.operator, a));
      case "binary":
        return this.#binary(expression, scope);
      case "conditional":
        return chain(
          this.#number(expression.test, scope),
          (test) => this.#number(test !== 0n ? expression.yes : expression.no, scope),
        );
      case "assign":
        return this.#assign(expression, scope);
      case "call":
        return this.#call(expression, scope);
    }
  }

  #binary(expression: Expression & { kind: "binary" }, scope: Scope): Maybe<bigint> {
    const { operator, left, right, at } = expression;
    return chain(this.#number(left, scope), (a) => {
      if (operator === "&&" && a === 0n) return 0n;
      if (operator === "||" && a !== 0n) return 1n;
      return chain(this.#number(right, scope), (b) => this.#compute(operator, a, b, at));
    });
  }

  #compute(operator: (Expression & { kind: "binary" })["operator"], a: bigint, b: bigint, at: Position): bigint {
    try {
      return binary(operator, a, b);
    } catch (error) {
      throw this.#placed(error, at);
    }
  }

  #assign(expression: Expression & { kind: "assign" }, scope: Scope): Maybe<bigint> {
    const { name, operator, at } = expression;
    const deferrable = operator === undefined && isPlainRead(expression.value, scope);
    let value = this.#number(expression.value, scope);
    if (operator) {
      const old = this.#number({ kind: "name", name, at }, scope);
      const operand = value;
      value = chain(old, (a) => chain(operand, (b) => this.#compute(operator, a, b, at)));
    }
    // Only a plain read may leave a promise in the variable: whatever else takes time may assign to it meanwhile.
    if (value instanceof Promise && !deferrable) {
      return value.then((arrived) => {
        scope.assign(name, arrived);
        return arrived;
      });
    }
    scope.assign(name, value);
    return value;
  }

  #call(expression: Expression & { kind: "call" }, scope: Scope): Maybe<bigint> {
    const fn = sequenceFunctions().get(expression.name.toLowerCase());
    if (fn === undefined) {
      throw this.#placed(new TargetError(`Cannot call ${expression.name}: there is no such function`), expression.at);
    }
    const registers = REGISTERS.map((name) => scope.get(name) ?? 0n);
    const inputs = [...registers, ...expression.args.map((arg) => this.#evaluate(arg, scope))];
    return chain(all(inputs), (values) => {
      const [dp, ap, apid, errorControl] = values.slice(0, REGISTERS.length) as bigint[];
      const path = { dp: Number(dp), ap: Number(ap), apid: Number(apid) };
      return this.#invoke(fn, values.slice(REGISTERS.length), path, (errorControl! & 1n) !== 0n, expression.at);
    });
  }

  #invoke(
    fn: SequenceFunction,
    args: readonly Argument[],
    path: AccessPath,
    ignoreFaults: boolean,
    at: Position,
  ): Maybe<bigint> {
    const { host, pname, trace } = this.#run.context;
    const heard = trace && ((result: bigint): bigint => {
      trace({ sequence: this.#name, pname, at, call: `${fn.name}(${args.map(showArgument).join(", ")})`, result });
      return result;
    });
    if (fn.queues) {
      const port = /^Write(AP|DP)$/.exec(fn.name)?.[1];
      this.#queued.push({ port, address: Number(args[0]), at });
    }
    const failed = (error: unknown): bigint => {
      // What a called sequence could not do ends its caller too: its own setting has been looked at already.
      const skip = ignoreFaults && fn.name !== "Sequence" && error instanceof TapirError &&
        (error instanceof TransferError || error instanceof TargetError);
      if (!skip) throw this.#placed(error, at);
      log.debug(() => `${fn.name} failed and is skipped (__errorcontrol): ${error.message}`);
      return 0n;
    };
    try {
      const result = fn.run({
        host,
        path,
        ignoreFaults,
        buffers: this.#buffers,
        atomic: this.#block?.atomic === true && !ignoreFaults,
        call: (name) => this.#run.call(name, this.#top, this.#depth + 1),
      }, args);
      if (!(result instanceof Promise)) return heard ? heard(result) : result;
      return result.catch(failed).then(heard);
    } catch (error) {
      return failed(error);
    }
  }

  /** The same failure with the place in the sequence; a failure that already has one keeps the innermost. */
  #placed(error: unknown, at: Position): unknown {
    if (error instanceof InterruptedError) return error;
    if (error instanceof TapirError && error.fields["sequence"] !== undefined) return error;
    const { pname } = this.#run.context;
    const message = error instanceof Error ? error.message : String(error);
    const known = error instanceof TapirError ? error : undefined;
    const block = this.#block;
    const place = block ? `block ${block.ordinal}${block.info ? ` "${block.info}"` : ""}, ` : "";
    const where = `${place}line ${at.line}, column ${at.column}`;
    return new TargetError(
      `Cannot run debug sequence ${this.#name}${pname ? ` (${pname})` : ""}: ${where}: ${message}`,
      {
        code: "sequence-failed",
        cause: error,
        ...(known?.hint ? { hint: known.hint } : {}),
        ...(known ? { exitCode: known.exitCode } : {}),
        fields: { sequence: this.#name, pname, block: block?.ordinal, line: at.line, column: at.column },
      },
    );
  }
}

/** Whether `error` is about this queued write: the same address, or the same register of the same port. */
function isFailureOf(error: unknown, write: { port: string | undefined; address: number }): boolean {
  if (!(error instanceof TransferError)) return false;
  if (error.address !== undefined) return write.address === error.address;
  const { port, register } = error.fields;
  return write.port?.toLowerCase() === port && (write.address & 0xc) === register;
}

function showArgument(value: Argument): string {
  return typeof value === "string" ? JSON.stringify(value) : value < 10n ? value.toString() : `0x${value.toString(16)}`;
}
