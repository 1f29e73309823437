/** The policies of the fair class, by the name that the versions table uses. */
import { cfs } from './cfs.ts';
import { eevdf } from './eevdf.ts';

export const FAIR_CLASSES = { cfs, eevdf } as const;
