/**
 * A trace of bounded size: keeps the file's head and the last chunks of records, in memory, and
 * gives them out at the end. To be put where a `TraceBinWriter` expects its sink.
 */
import type { ByteSink } from './trace-bin-writer.ts';
import { CHUNK_BYTES, ChunkKind, TRACE_MAGIC } from './trace-format.ts';

export class RingTrace {
  /** The sink for the writer. */
  readonly write: ByteSink = (chunk) => this.take(chunk);
  private readonly slots: Uint8Array[] = [];
  private readonly used: Int32Array;
  private readonly capacity: number;
  private taken = 0;
  private head = new Uint8Array(0);
  private end = new Uint8Array(0);

  /** `bytes`: room for chunks of records, at least one of CHUNK_BYTES; memory is taken as it is needed. */
  constructor(bytes: number) {
    this.capacity = Math.max(1, Math.floor(bytes / CHUNK_BYTES));
    this.used = new Int32Array(this.capacity);
  }

  /** Writes what is kept: head, chunks from the oldest on, and the end if the writer has finished. */
  drain(write: ByteSink): void {
    write(this.head);
    const kept = Math.min(this.taken, this.capacity);
    for (let i = this.taken - kept; i < this.taken; i++) {
      const slot = i % this.capacity;
      write(this.slots[slot]!.subarray(0, this.used[slot]!));
    }
    if (this.end.length > 0) write(this.end);
  }

  private take(chunk: Uint8Array): void {
    if (chunk[0] === TRACE_MAGIC[0]) this.head = chunk.slice();
    else if (chunk[0] === ChunkKind.End) this.end = chunk.slice();
    else this.keep(chunk);
  }

  private keep(chunk: Uint8Array): void {
    const slot = this.taken % this.capacity;
    const room = (this.slots[slot] ??= new Uint8Array(CHUNK_BYTES));
    room.set(chunk);
    this.used[slot] = chunk.length;
    this.taken += 1;
  }
}
