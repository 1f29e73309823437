/** The model cannot be explored, or a schedule is not one of it: whoever wrote it must mend it. */
export class BadModel extends Error {
  override readonly name = 'BadModel';
}
