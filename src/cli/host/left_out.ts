/** Hidden files, and what editors and databases write beside a file. */
const NOISE = /(?:^|[\\/])\.[^\\/]*$|~$|\.(?:sw[a-z]|tmp|db)$|-(?:journal|wal|shm)$/

const IN_PACKAGES = /(?:^|[\\/])node_modules[\\/]/

/** What npm, pnpm and Yarn write at the end of an installation. */
export const INSTALLED = /(?:^|[\\/])node_modules[\\/]\.(?:package-lock\.json|modules\.yaml|yarn-state\.yml)$/

/**
 * What is watched of a folder before anything of it is loaded: all but packages, which may have more files than the system lets a process watch.
 *
 * @param below the path inside of the folder, which may have any name itself
 */
export const isLeftOut = (below: string): boolean =>
  !INSTALLED.test(below) && (IN_PACKAGES.test(below) || NOISE.test(below))
