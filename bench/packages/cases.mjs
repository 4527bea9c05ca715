/**
 * Well-known packages, each with a little real use whose answer can be compared. `use` is the text of a module that exports `use()`; what it returns must be the
 * same in Node's own loader and in an image.
 */
const KINDS = {
  'Web frameworks and clients': [
    server(
      'express',
      `import express from 'express'\nconst make = () => { const app = express(); app.get('/:name', (q, s) => s.json({ hi: q.params.name })); return app.listen(0) }`,
    ),
    server(
      'koa',
      `import Koa from 'koa'\nconst make = () => { const app = new Koa(); app.use(c => { c.body = { hi: c.path.slice(1) } }); return app.listen(0) }`,
    ),
    {
      name: 'fastify',
      use: `import fastify from 'fastify'\nexport async function use() { const app = fastify(); app.get('/:name', q => ({ hi: q.params.name })); const r = await app.inject('/bob'); await app.close(); return r.json() }`,
    },
    {
      name: 'hono',
      use: `import { Hono } from 'hono'\nexport async function use() { const app = new Hono(); app.get('/:name', c => c.json({ hi: c.req.param('name') })); return (await app.request('/bob')).json() }`,
    },
    {
      name: 'find-my-way',
      use: `import make from 'find-my-way'\nexport function use() { const r = make(); r.on('GET', '/a/:b', () => 1); return r.find('GET', '/a/c').params.b }`,
    },
    {
      name: 'ws',
      use: `import { WebSocketServer, WebSocket } from 'ws'
import { once } from 'node:events'
export async function use() {
  const server = new WebSocketServer({ port: 0 })
  await once(server, 'listening')
  server.on('connection', s => s.on('message', m => s.send('echo ' + m)))
  const client = new WebSocket('ws://127.0.0.1:' + server.address().port)
  await once(client, 'open')
  client.send('hi')
  const [answer] = await once(client, 'message')
  client.close()
  await once(client, 'close')
  await new Promise(done => server.close(done))
  return String(answer)
}`,
    },
    {
      name: 'axios',
      use: `import axios from 'axios'\nexport const use = () => axios.getUri({ url: '/a', params: { b: [1, 2] } })`,
    },
  ],
  Validators: [
    {
      name: 'zod',
      use: `import { z } from 'zod'\nexport const use = () => z.object({ a: z.coerce.number().min(1) }).parse({ a: '2' })`,
    },
    {
      name: 'ajv',
      use: `import { Ajv } from 'ajv'\nexport function use() { const v = new Ajv().compile({ type: 'object', required: ['a'] }); return [v({ a: 1 }), v({})] }`,
    },
    {
      name: 'joi',
      use: `import joi from 'joi'\nexport const use = () => joi.object({ a: joi.number() }).validate({ a: '2' }).value`,
    },
    {
      name: 'yup',
      use: `import { object, number } from 'yup'\nexport const use = () => object({ a: number().required() }).validate({ a: '2' })`,
    },
    {
      name: 'valibot',
      use: `import * as v from 'valibot'\nexport const use = () => v.safeParse(v.object({ a: v.pipe(v.string(), v.minLength(2)) }), { a: 'x' }).success`,
    },
    {
      name: 'superstruct',
      use: `import { object, string, is } from 'superstruct'\nexport const use = () => is({ a: 'x' }, object({ a: string() }))`,
    },
  ],
  Parsers: [
    {
      name: 'acorn',
      use: `import { parse } from 'acorn'\nexport const use = () => parse('a => b', { ecmaVersion: 2022 }).body[0].type`,
    },
    {
      name: '@babel/parser',
      use: `import { parse } from '@babel/parser'\nexport const use = () => parse('let a: number = 1', { plugins: ['typescript'] }).program.body[0].kind`,
    },
    {
      name: 'esprima',
      use: `import esprima from 'esprima'\nexport const use = () => esprima.tokenize('a + 1').length`,
    },
    {
      name: 'postcss',
      use: `import postcss from 'postcss'\nexport const use = () => postcss([]).process('a{b:c}', { from: undefined }).css`,
    },
    {
      name: 'cheerio',
      use: `import { load } from 'cheerio'\nexport const use = () => load('<ul><li>1<li>2</ul>')('li').text()`,
    },
    {
      name: 'parse5',
      use: `import { parse, serialize } from 'parse5'\nexport const use = () => serialize(parse('<p>a<p>b'))`,
    },
    { name: 'yaml', use: `import { parse } from 'yaml'\nexport const use = () => parse('a: [1, {b: c}]')` },
    { name: 'js-yaml', use: `import { load } from 'js-yaml'\nexport const use = () => load('a: 1')` },
    {
      name: 'csv-parse',
      use: `import { parse } from 'csv-parse/sync'\nexport const use = () => parse('a,b\\n1,2', { columns: true })`,
    },
    {
      name: 'fast-xml-parser',
      use: `import { XMLParser } from 'fast-xml-parser'\nexport const use = () => new XMLParser().parse('<a><b>1</b></a>')`,
    },
    {
      name: 'graphql',
      use: `import { graphql, buildSchema } from 'graphql'\nexport const use = async () => (await graphql({ schema: buildSchema('type Query { a: Int }'), source: '{ a }', rootValue: { a: 1 } })).data.a`,
    },
    {
      name: 'semver',
      use: `import semver from 'semver'\nexport const use = () => semver.satisfies('1.2.3', '^1.0.0')`,
    },
  ],
  Dates: [
    {
      name: 'date-fns',
      use: `import { addDays, formatISO } from 'date-fns'\nexport const use = () => formatISO(addDays(new Date(2020, 0, 1), 40), { representation: 'date' })`,
    },
    {
      name: 'dayjs',
      use: `import dayjs from 'dayjs'\nexport const use = () => dayjs('2020-01-01').add(1, 'month').format('YYYY-MM-DD')`,
    },
    {
      name: 'luxon',
      use: `import { DateTime } from 'luxon'\nexport const use = () => DateTime.fromISO('2020-01-01', { zone: 'utc' }).plus({ weeks: 2 }).toISODate()`,
    },
    {
      name: 'moment',
      use: `import moment from 'moment'\nexport const use = () => moment.utc('2020-01-01').add(1, 'day').format('YYYY-MM-DD')`,
    },
  ],
  'Markdown and templates': [
    { name: 'marked', use: `import { marked } from 'marked'\nexport const use = () => marked.parse('# a')` },
    {
      name: 'markdown-it',
      use: `import markdown from 'markdown-it'\nexport const use = () => markdown().render('*a*')`,
    },
    {
      name: 'remark',
      use: `import { remark } from 'remark'\nexport const use = async () => String(await remark().process('* a'))`,
    },
    {
      name: 'handlebars',
      use: `import handlebars from 'handlebars'\nexport const use = () => handlebars.compile('{{#each a}}{{this}};{{/each}}')({ a: [1, 2] })`,
    },
    {
      name: 'mustache',
      use: `import mustache from 'mustache'\nexport const use = () => mustache.render('{{a}}', { a: 1 })`,
    },
    { name: 'ejs', use: `import ejs from 'ejs'\nexport const use = () => ejs.render('<%= a %>', { a: 1 })` },
    {
      name: 'nunjucks',
      use: `import nunjucks from 'nunjucks'\nexport const use = () => nunjucks.renderString('{{ a | upper }}', { a: 'x' })`,
    },
    { name: 'pug', use: `import pug from 'pug'\nexport const use = () => pug.render('p= a', { a: 1 })` },
  ],
  'Streams, collections, functions': [
    {
      name: 'rxjs',
      use: `import { from, map, toArray, lastValueFrom } from 'rxjs'\nexport const use = () => lastValueFrom(from([1, 2]).pipe(map(x => x * 2), toArray()))`,
    },
    {
      name: 'through2',
      use: `import through from 'through2'\nimport { text } from 'node:stream/consumers'\nexport async function use() { const s = through((c, _e, done) => done(null, String(c).toUpperCase())); s.end('a'); return text(s) }`,
    },
    { name: 'lodash', use: `import _ from 'lodash'\nexport const use = () => _.chunk(_.range(5), 2)` },
    { name: 'lodash-es', use: `import { chunk, range } from 'lodash-es'\nexport const use = () => chunk(range(5), 2)` },
    {
      name: 'ramda',
      use: `import { groupBy } from 'ramda'\nexport const use = () => groupBy(x => (x % 2 ? 'odd' : 'even'), [1, 2, 3])`,
    },
    {
      name: 'immer',
      use: `import { produce } from 'immer'\nexport const use = () => produce({ a: [1] }, d => void d.a.push(2))`,
    },
    {
      name: 'async',
      use: `import { mapLimit } from 'async'\nexport const use = () => mapLimit([1, 2, 3], 2, async x => x * 2)`,
    },
    {
      name: 'bluebird',
      use: `import Bluebird from 'bluebird'\nexport const use = async () => await Bluebird.map([1, 2], x => x + 1)`,
    },
  ],
  'Identifiers, terminals, logs': [
    { name: 'uuid', use: `import { v5 } from 'uuid'\nexport const use = () => v5('a', v5.DNS)` },
    {
      name: 'nanoid',
      use: `import { customAlphabet } from 'nanoid'\nexport const use = () => customAlphabet('a', 4)()`,
    },
    { name: 'chalk', use: `import { Chalk } from 'chalk'\nexport const use = () => new Chalk({ level: 1 }).red('a')` },
    {
      name: 'yargs',
      use: `import yargs from 'yargs'\nexport const use = () => yargs(['--a', '1']).help(false).parse().a`,
    },
    {
      name: 'winston',
      use: `import winston from 'winston'\nimport { PassThrough } from 'node:stream'\nimport { once } from 'node:events'\nexport async function use() { const stream = new PassThrough(); const log = winston.createLogger({ format: winston.format.simple(), transports: [new winston.transports.Stream({ stream })] }); log.info('a'); const [line] = await once(stream, 'data'); log.close(); return String(line).trim() }`,
    },
    {
      name: 'pino',
      use: `import pino from 'pino'\nexport function use() { const lines = []; pino({ base: null, timestamp: false }, { write: line => lines.push(line) }).info('a'); return lines }`,
    },
  ],
  'Database clients': [
    {
      name: 'knex',
      use: `import knex from 'knex'\nexport const use = () => knex({ client: 'pg' })('t').where({ a: 1 }).toString()`,
    },
    {
      name: 'pg',
      use: `import pg from 'pg'\nexport const use = () => [pg.escapeIdentifier('a"b'), pg.types.getTypeParser(20)('7')]`,
    },
    { name: 'mysql2', use: `import mysql from 'mysql2'\nexport const use = () => mysql.format('SELECT ?', ["a'b"])` },
    {
      name: 'ioredis',
      use: `import { Command } from 'ioredis'\nexport const use = () => String(new Command('set', ['a', '1']).toWritable())`,
    },
  ],
  'Compilers and checkers': [
    {
      name: '@babel/core',
      use: `import { transformSync } from '@babel/core'\nexport const use = () => transformSync('a  ;', { configFile: false, babelrc: false }).code`,
    },
    {
      name: 'terser',
      use: `import { minify } from 'terser'\nexport const use = async () => (await minify('function f(name) { return name + 1 }')).code`,
    },
    {
      name: 'eslint',
      use: `import { Linter } from 'eslint'\nexport const use = () => new Linter().verify('var a = 1', { rules: { 'no-var': 2 } }).map(m => m.ruleId)`,
    },
    {
      name: 'prettier',
      use: `import { format } from 'prettier'\nexport const use = () => format('a  =  1', { parser: 'babel' })`,
    },
    {
      name: 'sass',
      use: `import { compileString } from 'sass'\nexport const use = () => compileString('a { b: 1 + 1 }').css`,
    },
    {
      name: 'less',
      use: `import less from 'less'\nexport const use = async () => (await less.render('@a: 1px; b { c: @a }')).css`,
    },
    {
      name: 'htmlparser2',
      use: `import { parseDocument } from 'htmlparser2'\nexport const use = () => parseDocument('<p>a</p>').children[0].name`,
    },
  ],
  'User interfaces and state': [
    {
      name: 'react-dom',
      also: ['react'],
      use: `import { createElement } from 'react'\nimport { renderToString } from 'react-dom/server'\nexport const use = () => renderToString(createElement('p', null, 'a'))`,
    },
    {
      name: 'vue',
      use: `import { computed, ref } from 'vue'\nexport function use() { const a = ref(1), b = computed(() => a.value + 1); a.value++; return b.value }`,
    },
    {
      name: '@reduxjs/toolkit',
      use: `import { configureStore, createSlice } from '@reduxjs/toolkit'\nexport function use() { const slice = createSlice({ name: 'a', initialState: 0, reducers: { add: (s, { payload }) => s + payload } }); const store = configureStore({ reducer: slice.reducer }); store.dispatch(slice.actions.add(2)); return store.getState() }`,
    },
    {
      name: 'xstate',
      use: `import { createActor, createMachine } from 'xstate'\nexport function use() { const actor = createActor(createMachine({ initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } })).start(); actor.send({ type: 'go' }); const { value } = actor.getSnapshot(); actor.stop(); return value }`,
    },
    {
      name: 'i18next',
      use: `import i18next from 'i18next'\nexport async function use() { const i = i18next.createInstance(); await i.init({ lng: 'de', resources: { de: { translation: { a: 'Hallo' } } } }); return i.t('a') }`,
    },
  ],
  'Clients of services, documents, numbers': [
    {
      name: 'mongodb',
      use: `import { BSON } from 'mongodb'\nexport const use = () => BSON.deserialize(BSON.serialize({ a: 1 }))`,
    },
    {
      name: 'mongoose',
      use: `import { Mongoose } from 'mongoose'\nexport function use() { const m = new Mongoose(); const A = m.model('A', new m.Schema({ a: Number })); return new A({ a: '1' }).a }`,
    },
    {
      name: '@aws-sdk/client-s3',
      use: `import { S3Client } from '@aws-sdk/client-s3'\nexport const use = () => new S3Client({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }).config.region()`,
    },
    {
      name: 'openai',
      use: `import OpenAI from 'openai'\nexport const use = () => new OpenAI({ apiKey: 'a' }).baseURL`,
    },
    {
      name: 'nodemailer',
      use: `import mail from 'nodemailer'\nexport const use = async () => (await mail.createTransport({ jsonTransport: true }).sendMail({ from: 'a@b.c', to: 'd@e.f', text: 'x' })).envelope`,
    },
    {
      name: 'jsonwebtoken',
      use: `import jwt from 'jsonwebtoken'\nexport const use = () => jwt.verify(jwt.sign({ a: 1 }, 'k', { noTimestamp: true }), 'k')`,
    },
    {
      name: 'protobufjs',
      use: `import protobuf from 'protobufjs'\nexport function use() { const { root } = protobuf.parse('syntax = "proto3"; message A { int32 b = 1; }'); const A = root.lookupType('A'); return A.decode(A.encode({ b: 3 }).finish()).b }`,
    },
    {
      name: 'pdf-lib',
      use: `import { PDFDocument } from 'pdf-lib'\nexport async function use() { const pdf = await PDFDocument.create(); pdf.addPage([10, 20]); return pdf.getPage(0).getSize() }`,
    },
    {
      name: 'mathjs',
      use: `import { evaluate } from 'mathjs'\nexport const use = () => String(evaluate('12 inch to cm'))`,
    },
    {
      name: 'd3',
      use: `import { extent, scaleLinear } from 'd3'\nexport const use = () => [extent([3, 1, 2]), scaleLinear([0, 10], [0, 1])(5)]`,
    },
    { name: 'immutable', use: `import { List } from 'immutable'\nexport const use = () => List([1]).push(2).toJS()` },
    {
      name: 'commander',
      use: `import { Command } from 'commander'\nexport const use = () => new Command().option('-a <n>').parse(['-a', '1'], { from: 'user' }).opts()`,
    },
  ],
  'Bots, servers and what they talk to': [
    {
      name: 'discord.js',
      use: `import { EmbedBuilder } from 'discord.js'\nexport const use = () => new EmbedBuilder().setTitle('a').toJSON()`,
    },
    {
      name: 'telegraf',
      use: `import { Markup } from 'telegraf'\nexport const use = () => Markup.inlineKeyboard([Markup.button.callback('a', 'b')])`,
    },
    {
      name: 'grammy',
      use: `import { InlineKeyboard } from 'grammy'\nexport const use = () => new InlineKeyboard().text('a', 'b').inline_keyboard`,
    },
    {
      name: 'socket.io',
      use: `import { Server } from 'socket.io'\nexport function use() { return new Server({ path: '/a' }).path() }`,
    },
    {
      name: '@hapi/hapi',
      use: `import Hapi from '@hapi/hapi'\nexport async function use() { const server = Hapi.server(); server.route({ method: 'GET', path: '/{name}', handler: request => request.params }); return (await server.inject('/bob')).result }`,
    },
    {
      name: '@apollo/server',
      also: ['graphql'],
      use: `import { ApolloServer } from '@apollo/server'\nexport async function use() { const server = new ApolloServer({ typeDefs: 'type Query { a: Int }', resolvers: { Query: { a: () => 1 } } }); const { body } = await server.executeOperation({ query: '{ a }' }); await server.stop(); return body.singleResult.data }`,
    },
    {
      name: 'stripe',
      use: `import Stripe from 'stripe'\nexport const use = () => new Stripe('k').webhooks.generateTestHeaderString({ payload: '{}', secret: 's', timestamp: 1 })`,
    },
    {
      name: 'google-auth-library',
      use: `import { OAuth2Client } from 'google-auth-library'\nexport const use = () => new OAuth2Client('a', 'b', 'http://c').generateAuthUrl({ scope: 'd' })`,
    },
    {
      name: '@grpc/grpc-js',
      use: `import { Metadata } from '@grpc/grpc-js'\nexport function use() { const metadata = new Metadata(); metadata.add('a', 'b'); return metadata.getMap() }`,
    },
    {
      name: 'kafkajs',
      use: `import { Kafka, logLevel } from 'kafkajs'\nexport const use = () => new Kafka({ brokers: ['localhost:1'], logLevel: logLevel.NOTHING }).producer().events.CONNECT`,
    },
    {
      name: 'neo4j-driver',
      use: `import neo4j from 'neo4j-driver'\nexport const use = () => neo4j.int('9007199254740993').add(1).toString()`,
    },
    {
      name: 'sequelize',
      use: `import { DataTypes } from 'sequelize'\nexport const use = () => new DataTypes.STRING(10).toSql()`,
    },
    {
      name: 'tedious',
      use: `import { TYPES } from 'tedious'\nexport const use = () => TYPES.Int.name`,
    },
    {
      name: 'firebase-admin',
      use: `import { deleteApp, initializeApp } from 'firebase-admin/app'\nimport { getAuth } from 'firebase-admin/auth'\nexport async function use() { const app = initializeApp({ projectId: 'a' }, 'b'); const { name } = getAuth(app).app; await deleteApp(app); return name }`,
    },
    {
      name: 'got',
      use: `import got from 'got'\nexport const use = () => String(got.extend({ prefixUrl: 'http://a/' }).defaults.options.prefixUrl)`,
    },
    {
      name: 'ethers',
      use: `import { id, parseEther } from 'ethers'\nexport const use = () => [id('a'), String(parseEther('1'))]`,
    },
  ],
  'Mail, archives, tables, pictures': [
    {
      name: 'mailparser',
      use: `import { simpleParser } from 'mailparser'\nexport const use = async () => (await simpleParser('Subject: a\\n\\nb')).subject`,
    },
    {
      name: 'exceljs',
      use: `import ExcelJS from 'exceljs'\nexport const use = () => new ExcelJS.Workbook().addWorksheet('a').addRow([1, 2]).number`,
    },
    {
      name: 'jszip',
      use: `import JSZip from 'jszip'\nexport async function use() { const zip = new JSZip(); zip.file('a', 'b'); const bytes = await zip.generateAsync({ type: 'nodebuffer' }); return (await (await JSZip.loadAsync(bytes)).file('a').async('string')) }`,
    },
    {
      name: 'sanitize-html',
      use: `import sanitize from 'sanitize-html'\nexport const use = () => sanitize('<b onclick="x">a</b><script>c</script>')`,
    },
    {
      name: 'validator',
      use: `import validator from 'validator'\nexport const use = () => [validator.isEmail('a@b.co'), validator.isIBAN('a')]`,
    },
    {
      name: 'svelte',
      use: `import { compile } from 'svelte/compiler'\nexport const use = () => compile('<p>{1 + 1}</p>', {}).js.code.includes('<p>2</p>')`,
    },
    {
      name: 'webpack',
      use: `import webpack from 'webpack'\nexport const use = () => new webpack.DefinePlugin({ A: '1' }).definitions`,
    },
    {
      name: 'three',
      use: `import { Vector3 } from 'three'\nexport const use = () => new Vector3(1, 2, 2).length()`,
    },
    {
      name: 'puppeteer-core',
      use: `import puppeteer from 'puppeteer-core'\nexport const use = () => typeof puppeteer.connect`,
    },
  ],
}

export const CASES = Object.entries(KINDS).flatMap(([kind, cases]) => cases.map(example => ({ kind, ...example })))

/** A framework that gives an HTTP server: asked for /bob, then closed. */
function server(name, make) {
  return {
    name,
    use: `${make}
import { once } from 'node:events'
import { get } from 'node:http'
import { json } from 'node:stream/consumers'
export async function use() {
  const server = make()
  if (!server.listening) await once(server, 'listening')
  const request = get({ port: server.address().port, path: '/bob', agent: false })
  const [response] = await once(request, 'response')
  const answer = await json(response)
  await new Promise(done => server.close(done))
  return answer
}`,
  }
}
