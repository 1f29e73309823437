;; The door `Memory` as atomic instructions: V8 does not inline JavaScript's `Atomics`, and calls into
;; wasm cost half as much for a word and a quarter for a long (no BigInt).
;; Longs are two's complement in memory and f64 at the door: exact for |value| <= 2^53 - 1, a trap for NaN.
;; `npm run wasm` assembles this into atomic-cells.ts.
(module
  (import "cells" "memory" (memory 1 65536 shared))

  (func (export "load") (param $at i32) (result i32)
    (i32.atomic.load (local.get $at)))
  (func (export "store") (param $at i32) (param $value i32)
    (i32.atomic.store (local.get $at) (local.get $value)))
  (func (export "add") (param $at i32) (param $by i32) (result i32)
    (i32.atomic.rmw.add (local.get $at) (local.get $by)))
  (func (export "or") (param $at i32) (param $bits i32) (result i32)
    (i32.atomic.rmw.or (local.get $at) (local.get $bits)))
  (func (export "and") (param $at i32) (param $bits i32) (result i32)
    (i32.atomic.rmw.and (local.get $at) (local.get $bits)))
  (func (export "exchange") (param $at i32) (param $value i32) (result i32)
    (i32.atomic.rmw.xchg (local.get $at) (local.get $value)))
  (func (export "cas") (param $at i32) (param $expected i32) (param $value i32) (result i32)
    (i32.atomic.rmw.cmpxchg (local.get $at) (local.get $expected) (local.get $value)))

  (func (export "loadLong") (param $at i32) (result f64)
    (f64.convert_i64_s (i64.atomic.load (local.get $at))))
  (func (export "storeLong") (param $at i32) (param $value f64)
    (i64.atomic.store (local.get $at) (i64.trunc_f64_s (local.get $value))))
  (func (export "addLong") (param $at i32) (param $by f64) (result f64)
    (f64.convert_i64_s (i64.atomic.rmw.add (local.get $at) (i64.trunc_f64_s (local.get $by)))))
  (func (export "exchangeLong") (param $at i32) (param $value f64) (result f64)
    (f64.convert_i64_s (i64.atomic.rmw.xchg (local.get $at) (i64.trunc_f64_s (local.get $value)))))
  (func (export "casLong") (param $at i32) (param $expected f64) (param $value f64) (result f64)
    (f64.convert_i64_s (i64.atomic.rmw.cmpxchg
      (local.get $at) (i64.trunc_f64_s (local.get $expected)) (i64.trunc_f64_s (local.get $value)))))

  ;; 0 woken, 1 not equal, 2 timed out; a negative time-out never ends
  (func (export "wait") (param $at i32) (param $expected i32) (param $timeoutNs f64) (result i32)
    (memory.atomic.wait32 (local.get $at) (local.get $expected) (i64.trunc_f64_s (local.get $timeoutNs))))
  (func (export "notify") (param $at i32) (param $count i32) (result i32)
    (memory.atomic.notify (local.get $at) (local.get $count))))
