// Print the lists of names and places in Faker.js as JSON: locale → kind → texts.
// It runs in the folder of its packages: node --input-type=module < name_lists.mjs
import { allLocales } from '@faker-js/faker';
import { readFileSync } from 'node:fs';

function* texts(value) {
  if (typeof value === 'string') yield value;
  else if (value && typeof value === 'object')
    for (const inner of 'weight' in value ? [value.value] : Object.values(value)) yield* texts(inner);
}

const kinds = {
  given: ['person', ['first_name', 'middle_name']],
  family: ['person', ['last_name']],
  city: ['location', ['city', 'city_name', 'state', 'county']],
  street: ['location', ['street_name', 'street_suffix', 'street']],
};
const found = {};
for (const [locale, definitions] of Object.entries(allLocales)) {
  found[locale] = {};
  for (const [kind, [group, parts]] of Object.entries(kinds))
    found[locale][kind] = [...new Set(parts.flatMap((part) => [...texts(definitions[group]?.[part])]))];
}
const { version } = JSON.parse(readFileSync('node_modules/@faker-js/faker/package.json', 'utf8'));
console.log(JSON.stringify({ version, names: found }));
