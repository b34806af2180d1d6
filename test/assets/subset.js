// Writes a font that holds only the letters of a text: node subset.js in.woff2 text > out.woff2
const fs = require('node:fs');
const subset = require('subset-font');

const [, , file, text] = process.argv;
subset(fs.readFileSync(file), text, { targetFormat: 'woff2' }).then(
  (font) => process.stdout.write(font),
  (err) => { console.error(err); process.exit(1); },
);
