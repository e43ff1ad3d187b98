// Installs the packages into .cache once, bundles the programs, and starts: node run.mjs render|serve OPTION...
import {spawnSync} from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(HERE, '../../.cache/dashboards-render');
const PACKAGES = join(HERE, 'node_modules');

// The packages of package-lock.json, from the registry that npm is configured with. No package runs a script.
function install() {
  const lock = readFileSync(join(HERE, 'package-lock.json'), 'utf8');
  const installed = join(CACHE, 'package-lock.json');
  if (!existsSync(installed) || readFileSync(installed, 'utf8') !== lock) {
    console.error("== installing Grafana's components into .cache (a minute, 600 MB, once)");
    const folder = `${CACHE}.${process.pid}`;
    mkdirSync(folder, {recursive: true});
    copyFileSync(join(HERE, 'package.json'), join(folder, 'package.json'));
    writeFileSync(join(folder, 'package-lock.json'), lock);
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const npm = spawnSync('npm', ['ci', ...options], {cwd: folder, stdio: ['ignore', 2, 2]});
    if (npm.status !== 0) {
      rmSync(folder, {recursive: true});
      throw new Error(
        `npm cannot install what is needed${npm.error ? `: ${npm.error.message}` : '; its words are above'}`,
      );
    }
    rmSync(CACHE, {recursive: true, force: true});
    renameSync(folder, CACHE);
  }
  // Editors, the compiler and the bundler look for packages beside the sources.
  if (!existsSync(PACKAGES)) {
    rmSync(PACKAGES, {force: true});
    symlinkSync('../../.cache/dashboards-render/node_modules', PACKAGES);
  }
}

// Bundle a program into .cache.
async function bundle(source, options) {
  const {build} = createRequire(join(CACHE, 'package.json'))('esbuild');
  await build({
    entryPoints: [join(HERE, source)],
    bundle: true,
    define: {'process.env.NODE_ENV': '"production"'},
    logLevel: 'error',
    ...options,
  });
}

const program = (name) => join(CACHE, 'program', name);
const forNode = {platform: 'node', format: 'cjs', packages: 'external'};
const forBrowser = {format: 'iife', minify: true, jsx: 'automatic', loader: {'.svg': 'dataurl', '.ttf': 'empty'}};

try {
  install();
  if (process.argv[2] === 'test') {
    await bundle('tests/all.test.ts', {...forNode, outfile: program('test.cjs')});
    process.exitCode = spawnSync(process.execPath, ['--test', program('test.cjs')], {stdio: 'inherit'}).status ?? 1;
  } else {
    await bundle('src/server/main.ts', {...forNode, outfile: program('main.cjs')});
    await bundle('src/page/page.tsx', {...forBrowser, outfile: program('page.js')});
    createRequire(import.meta.url)(program('main.cjs'));
  }
} catch (error) {
  console.error(`bin/dashboards: ${error.message}`);
  process.exitCode = 1;
}
