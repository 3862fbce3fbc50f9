// Sends each request of standard input, one a line, through node-qemu; writes what comes back, one a line.
// Argument: the socket.
'use strict';
const { QMPClient } = require('node-qemu');
const readline = require('node:readline');

const say = (value) => process.stdout.write(JSON.stringify(value) + '\n');

async function main(socketPath) {
    const client = new QMPClient({ socketPath, oob: true });
    client.on('rawEvent', say);
    await client.connect();
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const request = JSON.parse(line);
        try {
            say({ return: await client.execute(request.execute, request.arguments) });
        } catch (e) {
            if (e.qmpClass === undefined) {
                break; // the server has closed the connection
            }
            say({ error: { class: e.qmpClass, desc: e.description } });
        }
    }
    await client.close();
}

main(process.argv[2]);
