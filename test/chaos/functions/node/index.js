// Two objects for each input, told apart by its generation: one run makes both, and a second run makes the same.
const {createHash} = require('crypto');

const server = process.env.STORAGE_EMULATOR_HOST;

async function ask(path, options) {
  const answer = await fetch(server + path, options);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

const read = data => ask(`/download/storage/v1/b/${data.bucket}/o/${encodeURIComponent(data.name)}` +
                         `?alt=media&generation=${data.generation}`);
const write = (name, body) => ask(`/upload/storage/v1/b/${process.env.OUTPUT}/o?uploadType=media&name=` +
                                  encodeURIComponent(name), {method: 'POST', body});

exports.run = async (data, context) => {
  const body = await read(data);
  const lines = body.toString().trimEnd().split('\n');
  const name = `${data.name}@${data.generation}`;
  const digest = createHash('sha256').update(body).digest('hex');
  await write(`${name}/digest`, `${context.eventId} ${lines.length} ${digest}\n`);
  await write(`${name}/reversed`, lines.reverse().join('\n'));
  console.log('wrote', name);
};
