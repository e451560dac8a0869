import { open } from './database.ts';

await open().all('CREATE TABLE shouts (id INTEGER PRIMARY KEY, text TEXT, shout TEXT)', []);
console.log('the table is there');
