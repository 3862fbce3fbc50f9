package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.qmp.QmpException;
import java.util.List;

/**
 * Where a migration goes, or comes from: QEMU's {@code uri}, or the {@code main} one of its {@code channels}.
 *
 * @param kind {@link Kind#UNIX} with a path, or {@link Kind#FD} with the name of a descriptor
 */
record MigrationAddress(Kind kind, String name) {
    /** How to get a connection. */
    enum Kind {
        /** By the path of a Unix socket. */
        UNIX,
        /** It is there: a descriptor that {@code getfd} has received. */
        FD
    }

    private static final String UNIX_PREFIX = "unix:";
    private static final String FD_PREFIX = "fd:";
    private static final QapiType.Struct ADDRESS = new QapiType.Struct(
            "MigrationAddress",
            List.of(
                    QapiType.Member.required(
                            "transport", new QapiType.Choice("MigrationAddressType", List.of("socket"))),
                    QapiType.Member.required("type", new QapiType.Choice("SocketAddressType", List.of("unix", "fd"))),
                    QapiType.Member.optional("path", QapiType.STR),
                    QapiType.Member.optional("str", QapiType.STR)));

    /** The arguments of a command that names an address. */
    static final List<QapiType.Member> ARGUMENTS = List.of(
            QapiType.Member.optional("uri", QapiType.STR),
            QapiType.Member.optional(
                    "channels",
                    new QapiType.ListOf(new QapiType.Struct(
                            "MigrationChannel",
                            List.of(
                                    QapiType.Member.required(
                                            "channel-type",
                                            new QapiType.Choice("MigrationChannelType", List.of("main", "cpr"))),
                                    QapiType.Member.required("addr", ADDRESS))))));

    /** Reads the address of arguments that have been checked. */
    static MigrationAddress of(ObjectNode arguments) throws QmpException {
        JsonNode uri = arguments.path("uri");
        JsonNode channels = arguments.path("channels");
        if (uri.isMissingNode() == channels.isMissingNode()) {
            throw QmpException.generic("need either 'uri' or 'channels' argument, and not both");
        }
        return uri.isMissingNode() ? ofChannels(channels) : of(uri.asText());
    }

    private static MigrationAddress of(String uri) throws QmpException {
        if (uri.startsWith(UNIX_PREFIX) && uri.length() > UNIX_PREFIX.length()) {
            return new MigrationAddress(Kind.UNIX, uri.substring(UNIX_PREFIX.length()));
        }
        if (uri.startsWith(FD_PREFIX) && uri.length() > FD_PREFIX.length()) {
            return new MigrationAddress(Kind.FD, uri.substring(FD_PREFIX.length()));
        }
        throw QmpException.generic("unknown migration protocol: " + uri);
    }

    /** The channel {@code cpr} is left out: what crosses there in QEMU crosses with the greeting here. */
    private static MigrationAddress ofChannels(JsonNode channels) throws QmpException {
        MigrationAddress found = null;
        for (JsonNode channel : channels) {
            if (channel.path("channel-type").asText().equals("main")) {
                if (found != null) {
                    throw QmpException.generic("Channel list has more than one 'main' entry");
                }
                found = ofSocket(channel.path("addr"));
            }
        }
        if (found == null) {
            throw QmpException.generic("Channel list has no 'main' entry");
        }
        return found;
    }

    private static MigrationAddress ofSocket(JsonNode address) throws QmpException {
        boolean unix = address.path("type").asText().equals("unix");
        String member = unix ? "path" : "str";
        if (!address.has(member)) {
            throw QmpException.generic("Parameter '" + member + "' is missing");
        }
        return new MigrationAddress(
                unix ? Kind.UNIX : Kind.FD, address.path(member).asText());
    }

    /** As a {@code uri}. */
    @Override
    public String toString() {
        return (kind == Kind.UNIX ? UNIX_PREFIX : FD_PREFIX) + name;
    }
}
