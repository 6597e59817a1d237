const ms = require('ms');

exports.f = data => console.log(ms('1m'), data.name);
