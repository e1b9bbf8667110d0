// Prints what the grammar of Bicep finds wrong with a file, a line each; nothing if it is well formed.
const fs = require('node:fs');
const { createRequire } = require('node:module');
const load = createRequire(`${process.argv[2]}/-`);
const { Parser, Language } = load('web-tree-sitter');

async function main() {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(load.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm')));
  const show = (node) => {
    if (node.type === 'ERROR' || node.isMissing) {
      console.log(`line ${node.startPosition.row + 1}: ${node.text.slice(0, 80)}`);
    }
    node.children.forEach(show);
  };
  show(parser.parse(fs.readFileSync(process.argv[3], 'utf8')).rootNode);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
