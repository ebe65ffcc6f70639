/**
 * A list of named steps that user scripts and families may edit before it runs.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";

const log = getLogger("target", "tasks");

/** One named step; a task that returns a list has it run right after it. */
export interface Task {
  /** Unique within its list. */
  readonly name: string;
  /** Does the work. */
  readonly run: () => Promise<TaskList | void> | TaskList | void;
}

/**
 * Named tasks in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TaskList } from "./task_list.ts";
 *
 * const seen: string[] = [];
 * const tasks = new TaskList([{ name: "a", run: () => void seen.push("a") }, { name: "c", run: () => void seen.push("c") }]);
 * tasks.insertBefore("c", { name: "b", run: () => void seen.push("b") });
 * await tasks.run();
 * assertEquals(seen, ["a", "b", "c"]);
 * ```
 */
export class TaskList {
  readonly #tasks: Task[];

  /** A list of `tasks`. @throws {UsageError} when two tasks have the same name */
  constructor(tasks: readonly Task[] = []) {
    this.#tasks = [];
    for (const task of tasks) this.append(task);
  }

  /** Task names in order. */
  get names(): string[] {
    return this.#tasks.map((task) => task.name);
  }

  /** Whether there is a task of this name. */
  has(name: string): boolean {
    return this.#tasks.some((task) => task.name === name);
  }

  /** Adds a task at the end. @throws {UsageError} when the name is taken */
  append(task: Task): this {
    return this.#insert(this.#tasks.length, task);
  }

  /** Puts a task before the one called `name`. @throws {UsageError} when there is none, or the new name is taken */
  insertBefore(name: string, task: Task): this {
    return this.#insert(this.#indexOf(name), task);
  }

  /** Puts a task after the one called `name`. @throws {UsageError} when there is none, or the new name is taken */
  insertAfter(name: string, task: Task): this {
    return this.#insert(this.#indexOf(name) + 1, task);
  }

  /** Gives the task `name` other work, keeping its place. @throws {UsageError} when there is none */
  replace(name: string, run: Task["run"]): this {
    this.#tasks[this.#indexOf(name)] = { name, run };
    return this;
  }

  /** Gives the task `name` work around its own, which it is handed. @throws {UsageError} when there is none */
  wrap(name: string, around: (inner: Task["run"]) => ReturnType<Task["run"]>): this {
    const index = this.#indexOf(name);
    const inner = this.#tasks[index]!.run;
    this.#tasks[index] = { name, run: () => around(inner) };
    return this;
  }

  /** Takes the task `name` out. @throws {UsageError} when there is none */
  remove(name: string): this {
    this.#tasks.splice(this.#indexOf(name), 1);
    return this;
  }

  /** Runs all tasks in order; a list that a task returns runs at once. The first error ends it. */
  async run(prefix = ""): Promise<void> {
    for (let index = 0; index < this.#tasks.length; index++) {
      const task = this.#tasks[index]!;
      log.debug(() => `Task ${prefix}${task.name}`);
      const nested = await task.run();
      if (nested instanceof TaskList) await nested.run(`${prefix}${task.name}.`);
    }
  }

  #insert(index: number, task: Task): this {
    if (this.has(task.name)) throw new UsageError(`Cannot add task ${task.name}: the name is taken`);
    this.#tasks.splice(index, 0, task);
    return this;
  }

  #indexOf(name: string): number {
    const index = this.#tasks.findIndex((task) => task.name === name);
    if (index < 0) {
      throw new UsageError(`Cannot find task ${name} in the init sequence`, {
        hint: `It has: ${this.names.join(", ")}`,
      });
    }
    return index;
  }
}
