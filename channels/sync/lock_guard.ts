/** A lock or permit that is held until the guard is disposed of. */
export interface LockGuard extends Disposable {
  /** Whether the one who held it before died with it, so that what it protects may be half done. */
  readonly abandoned: boolean;
}
