// Cloud Functions as people write them; what `misbehave` does is in the name of the object.
const functions = require('@google-cloud/functions-framework');
const {Storage} = require('@google-cloud/storage');

const out = name => new Storage().bucket('out-bucket').file(name);

exports.firstGeneration = async (data, context) => {
  const [bytes] = await new Storage().bucket(data.bucket).file(data.name).download();
  await out(data.name + '.json').save(JSON.stringify({
    id: context.eventId, type: context.eventType, name: data.name, size: data.size, text: bytes.toString(),
  }), {resumable: false});
  console.log('read', bytes.length, 'bytes of', data.name);
};

functions.cloudEvent('cloudEvent', async event => {
  const [bytes] = await new Storage().bucket(event.data.bucket).file(event.data.name).download();
  await out(event.data.name + '.json').save(JSON.stringify({
    id: event.id, type: event.type, subject: event.subject, text: bytes.toString(),
  }));
});

exports.misbehave = async data => {
  const what = data.name.split('/')[0];
  console.log('doing', what);
  if (what === 'raise') throw new TypeError('no good');
  if (what === 'exit') process.exit(3);
  if (what === 'later') setTimeout(() => { throw new RangeError('much later'); }, 0);
  if (what === 'hang') await new Promise(() => setInterval(() => {}, 1000));
  if (what === 'spin') for (;;);
  if (what === 'eat') {
    const held = [];
    for (;;) held.push(Buffer.alloc(1 << 20, 1));
  }
  if (what === 'later') await new Promise(done => setTimeout(done, 1000));
};
