/** The host gave out before the run was over (a full disk): exit code 4, the folder says incomplete. */
export class HostLimit extends Error {
  override readonly name = 'HostLimit';
}
