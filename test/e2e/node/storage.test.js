// The same as the Python tests, with Google's Node client. Its environment comes from test_node.py.
'use strict';
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const {test, before} = require('node:test');
const {pipeline} = require('node:stream/promises');
const {Readable} = require('node:stream');
const {Storage} = require('@google-cloud/storage');

const url = process.env.CAUDAL_URL;
// Both ways of pointing the client at a server: the first calls /storage/v1/b/…, the second /b/….
const ways = {
  apiEndpoint: () => new Storage({apiEndpoint: url, projectId: 'e2e'}),
  STORAGE_EMULATOR_HOST: () => {
    process.env.STORAGE_EMULATOR_HOST = url;
    try {
      return new Storage({projectId: 'e2e'});
    } finally {
      delete process.env.STORAGE_EMULATOR_HOST;
    }
  },
};
let count = 0;
const bucketName = () => `node-${process.pid}-${++count}`;
const rejectsWith = (promise, code) =>
  assert.rejects(promise, error => {
    assert.equal(Number(error.code ?? error.status), code, error.stack);
    return true;
  });

for (const [way, connect] of Object.entries(ways)) {
  test(`by ${way}`, async t => {
    const storage = connect();
    let bucket;
    before(async () => {
      [bucket] = await storage.createBucket(bucketName());
    });

    await t.test('buckets', async () => {
      const name = bucketName();
      const [made] = await storage.createBucket(name, {location: 'EU', labels: {a: 'b'}});
      const [metadata] = await made.getMetadata();
      assert.equal(metadata.location, 'EU');
      assert.deepEqual(metadata.labels, {a: 'b'});
      await rejectsWith(storage.createBucket(name), 409);
      const [found] = await storage.getBuckets({prefix: name});
      assert.deepEqual(found.map(one => one.name), [name]);
      await made.setLabels({c: 'd'});
      assert.deepEqual(await made.getLabels(), [{a: 'b', c: 'd'}]);
      await made.setMetadata({versioning: {enabled: true}});
      await made.addLifecycleRule({action: {type: 'Delete'}, condition: {age: 3}});
      const [again] = await made.getMetadata();
      assert.equal(again.versioning.enabled, true);
      assert.equal(again.lifecycle.rule[0].condition.age, 3);
      const [can] = await made.iam.testPermissions(['storage.objects.get']);
      assert.deepEqual(can, {'storage.objects.get': true});
      await made.delete();
      assert.deepEqual(await made.exists(), [false]);
    });

    await t.test('small uploads, downloads and ranges', async () => {
      const file = bucket.file('dir/a b+é%2F?.txt');
      const data = crypto.randomBytes(100_000);
      await file.save(data, {resumable: false, contentType: 'text/x', metadata: {metadata: {k: 'v'}}});
      assert.deepEqual((await file.download())[0], data);
      assert.deepEqual((await file.download({start: 10, end: 19}))[0], data.subarray(10, 20));
      const [metadata] = await file.getMetadata();
      assert.equal(metadata.contentType, 'text/x');
      assert.deepEqual(metadata.metadata, {k: 'v'});
      assert.equal(metadata.md5Hash, crypto.createHash('md5').update(data).digest('base64'));
      assert.equal(Number(metadata.size), data.length);
      await rejectsWith(bucket.file('missing').download(), 404);
      assert.deepEqual(await bucket.file('missing').exists(), [false]);
    });

    for (const validation of ['md5', 'crc32c']) {
      await t.test(`checks ${validation}`, async () => {
        const data = crypto.randomBytes(300_000);
        await bucket.file('checked').save(data, {resumable: false, validation});
        assert.deepEqual((await bucket.file('checked').download({validation}))[0], data);
      });
    }

    await t.test('resumable uploads', async () => {
      const data = crypto.randomBytes(3_000_001);
      await bucket.file('resumable').save(data, {resumable: true});
      assert.deepEqual((await bucket.file('resumable').download())[0], data);
      await pipeline(Readable.from([data.subarray(0, 1000), data.subarray(1000)]),
        bucket.file('chunked').createWriteStream({chunkSize: 512 * 1024, resumable: true}));
      assert.deepEqual((await bucket.file('chunked').download())[0], data);
      await bucket.file('empty').save('', {resumable: true});
      assert.equal((await bucket.file('empty').download())[0].length, 0);
    });

    await t.test('gzip', async () => {
      const text = 'hello '.repeat(10_000);
      await bucket.file('packed.txt').save(text, {gzip: true, resumable: false});
      const [metadata] = await bucket.file('packed.txt').getMetadata();
      assert.equal(metadata.contentEncoding, 'gzip');
      assert.ok(Number(metadata.size) < 10_000);
      assert.equal((await bucket.file('packed.txt').download())[0].toString(), text);
    });

    await t.test('preconditions', async () => {
      const file = bucket.file('guarded');
      await file.save('1', {resumable: false, preconditionOpts: {ifGenerationMatch: 0}});
      await rejectsWith(bucket.file('guarded').save('2', {resumable: false, preconditionOpts: {ifGenerationMatch: 0}}), 412);
      const [metadata] = await file.getMetadata();
      await rejectsWith(bucket.file('guarded').setMetadata({contentType: 'x/y'}, {ifMetagenerationMatch: 9}), 412);
      await bucket.file('guarded').setMetadata({contentType: 'x/y'}, {ifMetagenerationMatch: 1});
      await rejectsWith(bucket.file('guarded', {preconditionOpts: {ifGenerationMatch: 5}}).delete(), 412);
      await bucket.file('guarded', {preconditionOpts: {ifGenerationMatch: metadata.generation}}).delete();
    });

    await t.test('copy, move, compose', async () => {
      await bucket.file('c/1').save('one', {resumable: false});
      await bucket.file('c/2').save('two', {resumable: false});
      const [, answer] = await bucket.file('c/1').copy(bucket.file('c/copy'));
      assert.equal(answer.done, true);
      await bucket.file('c/copy').move(bucket.file('c/moved'));
      await bucket.file('c/moved').moveFileAtomic('c/atomic');
      assert.equal((await bucket.file('c/atomic').download())[0].toString(), 'one');
      await bucket.combine(['c/1', 'c/2'], 'c/whole');
      assert.equal((await bucket.file('c/whole').download())[0].toString(), 'onetwo');
      const [files] = await bucket.getFiles({prefix: 'c/'});
      assert.deepEqual(files.map(one => one.name), ['c/1', 'c/2', 'c/atomic', 'c/whole']);
    });

    await t.test('listing', async () => {
      const names = ['l/a', 'l/b', 'l/s/x', 'l/s/y', 'l/z.csv'];
      await Promise.all(names.map(name => bucket.file(name).save('x', {resumable: false})));
      const [files] = await bucket.getFiles({prefix: 'l/'});
      assert.deepEqual(files.map(one => one.name), names);
      const [items, , page] = await bucket.getFiles({prefix: 'l/', delimiter: '/', autoPaginate: false});
      assert.deepEqual(items.map(one => one.name), ['l/a', 'l/b', 'l/z.csv']);
      assert.deepEqual(page.prefixes, ['l/s/']);
      const [globbed] = await bucket.getFiles({matchGlob: 'l/**/{x,z}*'});
      assert.deepEqual(globbed.map(one => one.name), ['l/s/x', 'l/z.csv']);
      const [paged, next] = await bucket.getFiles({prefix: 'l/', maxResults: 2, autoPaginate: false});
      assert.equal(paged.length, 2);
      assert.ok(next.pageToken);
    });

    await t.test('deletes many', async () => {
      await Promise.all([...Array(20).keys()].map(i => bucket.file(`d/${i}`).save('x', {resumable: false})));
      await bucket.deleteFiles({prefix: 'd/'});
      assert.deepEqual((await bucket.getFiles({prefix: 'd/'}))[0], []);
    });

    await t.test('versions', async () => {
      const [versioned] = await storage.createBucket(bucketName(), {versioning: {enabled: true}});
      await versioned.file('v').save('1', {resumable: false});
      const [{generation}] = await versioned.file('v').getMetadata();
      await versioned.file('v').save('2', {resumable: false});
      const [versions] = await versioned.getFiles({versions: true});
      assert.equal(versions.length, 2);
      assert.equal((await versioned.file('v', {generation}).download())[0].toString(), '1');
    });

    await t.test('soft delete and restore', async () => {
      const [soft] = await storage.createBucket(bucketName(), {softDeletePolicy: {retentionDurationSeconds: 604800}});
      await soft.file('s').save('keep', {resumable: false});
      const [{generation}] = await soft.file('s').getMetadata();
      await soft.file('s').delete();
      const [gone] = await soft.getFiles({softDeleted: true});
      assert.equal(gone.length, 1);
      await soft.file('s').restore({generation});
      assert.equal((await soft.file('s').download())[0].toString(), 'keep');
    });

    await t.test('holds', async () => {
      const file = bucket.file('held');
      await file.save('x', {resumable: false});
      await file.setMetadata({temporaryHold: true});
      await rejectsWith(file.delete(), 403);
      await file.setMetadata({temporaryHold: false});
      await file.delete();
    });

    await t.test('notifications', async () => {
      const [made] = await bucket.createNotification('projects/e2e-project/topics/changes', {
        eventTypes: ['OBJECT_FINALIZE'], payloadFormat: 'JSON_API_V1'});
      assert.deepEqual((await bucket.getNotifications())[0].map(one => one.id), [made.id]);
      const [metadata] = await bucket.notification(made.id).getMetadata();
      assert.deepEqual(metadata.event_types, ['OBJECT_FINALIZE']);
      await made.delete();
      assert.deepEqual((await bucket.getNotifications())[0], []);
    });
  });
}

test('signed URLs', async () => {
  const storage = new Storage({apiEndpoint: url, projectId: 'e2e'});
  const [bucket] = await storage.createBucket(bucketName());
  await bucket.file('s/x y.txt').save('signed', {resumable: false});
  const signer = new Storage({apiEndpoint: url, projectId: 'e2e', credentials: JSON.parse(process.env.CAUDAL_KEY)});
  const expires = Date.now() + 60_000;
  const read = await signer.bucket(bucket.name).file('s/x y.txt').getSignedUrl({version: 'v4', action: 'read', expires});
  assert.ok(read[0].startsWith(url + '/'), read[0]);
  const got = await fetch(read[0]);
  assert.equal(got.status, 200);
  assert.equal(await got.text(), 'signed');
  const changed = await fetch(read[0].replace(/Signature=(.)/, (_, c) => `Signature=${c === '0' ? '1' : '0'}`));
  assert.equal(changed.status, 403);
  const write = await signer.bucket(bucket.name).file('up').getSignedUrl({
    version: 'v4', action: 'write', expires, contentType: 'text/plain'});
  const put = await fetch(write[0], {method: 'PUT', body: 'by url', headers: {'Content-Type': 'text/plain'}});
  assert.equal(put.status, 200);
  assert.equal((await bucket.file('up').download())[0].toString(), 'by url');
});

async function uploadLarge(endpoint, name) {
  const storage = new Storage({
    apiEndpoint: endpoint, projectId: 'e2e',
    retryOptions: {maxRetries: 20, retryDelayMultiplier: 1.5, maxRetryDelay: 2}});
  const piece = crypto.randomBytes(1 << 20);
  const md5 = crypto.createHash('md5');
  for (let i = 0; i < 200; ++i) md5.update(piece);
  await pipeline(Readable.from((function* () {
    for (let i = 0; i < 200; ++i) yield piece;
  })(), {objectMode: false, highWaterMark: 1 << 20}),
  // Without a precondition the client takes an upload for one that can't be retried.
  storage.bucket(name).file('big').createWriteStream({
    chunkSize: 8 << 20, resumable: true, preconditionOpts: {ifGenerationMatch: 0}}));
  return md5.digest('base64');
}

test('200 MB through a bad network', async () => {
  const storage = new Storage({apiEndpoint: url, projectId: 'e2e'});
  const [bucket] = await storage.createBucket(bucketName());
  const md5 = await uploadLarge(process.env.CAUDAL_CUT_URL, bucket.name);
  const [metadata] = await bucket.file('big').getMetadata();
  assert.equal(Number(metadata.size), 200 << 20);
  assert.equal(metadata.md5Hash, md5);
});

test('200 MB across kills of the server', async () => {
  const storage = new Storage({apiEndpoint: process.env.CAUDAL_KILLED_URL, projectId: 'e2e'});
  const [bucket] = await storage.createBucket(bucketName());
  const md5 = await uploadLarge(process.env.CAUDAL_KILL_URL, bucket.name);
  const [metadata] = await bucket.file('big').getMetadata();
  assert.equal(Number(metadata.size), 200 << 20);
  assert.equal(metadata.md5Hash, md5);
});

test('100,000 objects by pages', async () => {
  const storage = new Storage({apiEndpoint: url, projectId: 'e2e'});
  const bucket = storage.bucket(process.env.CAUDAL_MANY_BUCKET);
  let total = 0, last = '', query = {autoPaginate: false, maxResults: 1000, fields: 'items(name),nextPageToken'};
  while (query) {
    const [files, next] = await bucket.getFiles(query);
    for (const file of files) {
      assert.ok(file.name > last);
      last = file.name;
      ++total;
    }
    query = next;
  }
  assert.equal(total, 100_000);
});
