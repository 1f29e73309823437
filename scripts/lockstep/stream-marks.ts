/**
 * Where two runs begin to differ, stream by stream, without keeping either of them. Of the run that is
 * the measure a mark is kept for every block of a stream: the digest of all of it up to there. The
 * other run keeps the block that it is in; where its mark is another one, that block is put aside.
 *
 *      measure   |--- block 0 ---|--- block 1 ---|--- block 2 ---|
 *      marks                   a1              b7              c4
 *      other     |--- block 0 ---|--- block 1 ---|
 *                              a1              b8: block 1 is put aside, here they part
 *
 * What the measure has in that block its second run says, since it is the same run again.
 */
import { EVENT_ARITY } from '../../shared/events.ts';
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { Digest } from '../../src/observe/digest.ts';
import { formatEvent } from '../../src/observe/format-event.ts';

/** Records of a block. */
const BLOCK = 512;

/** Marks of each participant's stream; the last one is that of its whole stream. */
export type Marks = readonly (readonly string[])[];

/** A block of a stream, by participant and number. */
export interface Place {
  readonly cpu: CpuId;
  readonly block: number;
}

/** A place where two runs part, and the records that stand there, as text. */
export interface Parting extends Place {
  readonly lines: readonly string[];
}

interface Stream {
  readonly digest: Digest;
  readonly marks: string[];
  records: number;
}

const newStream = (): Stream => ({ digest: new Digest(), marks: [], records: 0 });

/** Takes the marks of a run. */
export class StreamMarks implements EventConsumer {
  protected readonly streams: readonly Stream[];

  constructor({ cpus }: RunFacts) {
    this.streams = Array.from({ length: cpus + 1 }, newStream);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const stream = this.streams[cpu]!;
    stream.digest.onEvent(id, cpu, t, fields, at);
    if (++stream.records % BLOCK === 0) this.mark(stream, cpu);
  }

  /** After the last record. */
  finish(): Marks {
    this.streams.forEach((stream, cpu) => this.mark(stream, cpu));
    return this.streams.map(({ marks }) => marks);
  }

  protected mark({ marks, digest }: Stream, _cpu: CpuId): void {
    marks.push(digest.hex());
  }
}

interface Row {
  readonly id: number;
  readonly t: Ns;
  readonly fields: Float64Array;
}

/** Holds a run to the marks of another one. */
export class StreamComparer extends StreamMarks {
  readonly partings: Parting[] = [];
  private readonly facts: RunFacts;
  private readonly measure: Marks;
  private readonly rows: Row[][];

  constructor(facts: RunFacts, measure: Marks) {
    super(facts);
    this.facts = facts;
    this.measure = measure;
    this.rows = this.streams.map(() => []);
  }

  override onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.rows[cpu]!.push({ id, t, fields: fields.slice(at, at + EVENT_ARITY[id]!) });
    super.onEvent(id, cpu, t, fields, at);
  }

  protected override mark(stream: Stream, cpu: CpuId): void {
    super.mark(stream, cpu);
    const block = stream.marks.length - 1;
    const rows = this.rows[cpu]!.splice(0);
    if (stream.marks[block] === this.measure[cpu]![block] || this.partings.some((parting) => parting.cpu === cpu)) return;
    this.partings.push({ cpu, block, lines: rows.map(({ id, t, fields }) => formatEvent(this.facts, id, cpu, t, fields)) });
  }
}

/** Reads out of a run what stands in some blocks. */
export class BlockReader implements EventConsumer {
  readonly lines: readonly string[][];
  private readonly facts: RunFacts;
  private readonly places: readonly Place[];
  private readonly records: number[];

  constructor(facts: RunFacts, places: readonly Place[]) {
    this.facts = facts;
    this.places = places;
    this.lines = places.map(() => []);
    this.records = Array.from({ length: facts.cpus + 1 }, () => 0);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const block = Math.floor(this.records[cpu]!++ / BLOCK);
    this.places.forEach((place, i) => {
      if (place.cpu === cpu && place.block === block) this.lines[i]!.push(formatEvent(this.facts, id, cpu, t, fields, at));
    });
  }
}
