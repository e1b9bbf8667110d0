// Makes the console's static files: one style sheet, one script, the icons that are used, each also compressed, and a manifest with
// the hash of what is in them. Called by the project's build; needs nothing but Node with npm.
//   node build.mjs PROJECT-FOLDER OUTPUT-FOLDER
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const [project, output] = process.argv.slice(2).map(p => path.resolve(p));
const work = path.dirname(output);
const lock = fs.readFileSync(path.join(project, 'package-lock.json'));
const packages = path.join(work, `npm-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);

// Whoever comes first puts the packages there in one step, so that two builds beside each other are in nobody's way.
if (!fs.existsSync(packages)) {
  const place = fs.mkdtempSync(path.join(work, 'npm-new-'));
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) fs.copyFileSync(path.join(project, name), path.join(place, name));
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    fs.renameSync(place, packages);
  } catch (taken) {
    if (!fs.existsSync(packages)) throw taken;
    fs.rmSync(place, { recursive: true });
  }
}

const modules = path.join(packages, 'node_modules');
const read = (...name) => fs.readFileSync(path.join(...name), 'utf8');
const source = (...name) => read(project, 'Assets', ...name);

function filesBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).filter(e => !['obj', 'bin', 'node_modules'].includes(e.name))
    .flatMap(e => e.isDirectory() ? filesBelow(path.join(folder, e.name)) : [path.join(folder, e.name)]);
}

const pages = filesBelow(project).filter(f => f.endsWith('.razor') || f.endsWith('.cs'));
const require = createRequire(path.join(packages, 'package.json'));
const { PurgeCSS } = require('purgecss');
const postcss = require('postcss');
const [styles] = await new PurgeCSS().purge({
  css: [{ raw: read(modules, '@tabler/core/dist/css/tabler.min.css').replace(/\/\*# sourceMappingURL.*$/s, '') }],
  content: [...pages.map(f => ({ raw: read(f), extension: path.extname(f).slice(1) })), { raw: source('console.js'), extension: 'js' }],
  defaultExtractor: text => text.match(/[A-Za-z0-9_-]+/g) ?? [],
  safelist: { standard: ['html', 'body', ':root'], deep: [/data-bs-theme/] },
  variables: true,
  keyframes: true,
  fontFace: true,
});

// What holds for the dark theme holds for the automatic one where the system is dark.
function followTheSystem(css) {
  const root = postcss.parse(css);
  root.walkRules(rule => {
    if (!rule.selector.includes('[data-bs-theme=dark]')) return;
    const media = postcss.atRule({ name: 'media', params: '(prefers-color-scheme:dark)' });
    media.append(rule.clone({ selector: rule.selector.replaceAll('[data-bs-theme=dark]', '[data-bs-theme=auto]') }));
    rule.after(media);
  });
  return root.toString();
}

const icons = source('icons.txt').split('\n').map(l => l.trim()).filter(l => l);
const symbols = icons.map(name => {
  const inner = read(modules, '@tabler/icons/icons/outline', `${name}.svg`)
    .replace(/^[\s\S]*?<svg[^>]*>/, '').replace('</svg>', '').replace('<path stroke="none" d="M0 0h24v24H0z" fill="none"/>', '').replace(/\s*\n\s*/g, '');
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
});

const files = {
  'console.css': followTheSystem(`${styles.css}\n${source('console.css')}`),
  'console.js': [read(modules, 'htmx.org/dist/htmx.min.js'), read(modules, 'htmx-ext-sse/dist/sse.min.js'), source('console.js')].join('\n;'),
  'icons.svg': `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`,
  'favicon.svg': source('favicon.svg'),
};

fs.mkdirSync(output, { recursive: true });
function put(name, bytes) {
  const file = path.join(output, name);
  fs.writeFileSync(`${file}.${process.pid}`, bytes);
  fs.renameSync(`${file}.${process.pid}`, file);
}

const manifest = {};
for (const [name, text] of Object.entries(files)) {
  const bytes = Buffer.from(text);
  manifest[name] = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  put(name, bytes);
  put(`${name}.br`, zlib.brotliCompressSync(bytes));
  put(`${name}.gz`, zlib.gzipSync(bytes, { level: 9 }));
}

put('manifest.json', JSON.stringify(manifest));
