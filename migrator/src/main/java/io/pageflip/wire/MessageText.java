package io.pageflip.wire;

import io.pageflip.ram.BlockSpec;
import java.util.Locale;

/** A message as the log shows it: its type and a short summary. The text is made only when it is asked for. */
public record MessageText(Message message) {
    @Override
    public String toString() {
        String said = said();
        return said.isEmpty() ? message.type().toString() : message.type() + " " + said;
    }

    private String said() {
        if (message instanceof Message.Hello m) {
            long bytes = m.blocks().stream()
                    .map(Message.Hello.Block::spec)
                    .mapToLong(BlockSpec::lengthBytes)
                    .sum();
            return String.format(
                    Locale.ROOT,
                    "protocol %d, process %d, owner epoch %d, %s, %s, %d blocks of %d bytes",
                    m.version(),
                    m.pid(),
                    m.ownerEpoch(),
                    m.mechanism(),
                    m.schedule(),
                    m.blocks().size(),
                    bytes);
        } else if (message instanceof Message.Ready m) {
            return "PSS " + m.pssBytes() + " bytes";
        } else if (message instanceof Message.Resumed m) {
            return "owner epoch " + m.ownerEpoch();
        } else if (message instanceof Message.Completed m) {
            return "PSS " + m.pssBytes() + " bytes, report of " + m.json().length() + " characters";
        } else if (message instanceof Message.Failed m) {
            return "reason: " + m.reason();
        } else if (message instanceof Message.Cancel m) {
            return "reason: " + m.reason();
        } else if (message instanceof Message.Recover m) {
            return "owner epoch " + m.ownerEpoch();
        }
        return "";
    }
}
