// The reference CometD server, embedded in Jetty, over WebSocket and long-polling, with the ack extension. It knows nothing of
// chats: what clients publish on a chat's channel goes out on the standard output, what is to be delivered comes in on the
// standard input, one JSON object a line.
//
//   out  {"listening": port}
//        {"arrived": session} and {"departed": session}
//        {"session", "channel", "data", "call"}     a publish; it is acknowledged when {"call"} comes back
//   in   {"session", "channel", "data"}             deliver
//        {"call"}                                   the publish with this number is done
//
// It ends when its standard input does.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import org.cometd.bayeux.Promise;
import org.cometd.bayeux.server.BayeuxServer;
import org.cometd.bayeux.server.LocalSession;
import org.cometd.bayeux.server.ServerChannel;
import org.cometd.bayeux.server.ServerMessage;
import org.cometd.bayeux.server.ServerSession;
import org.cometd.server.BayeuxServerImpl;
import org.cometd.server.ext.AcknowledgedMessagesExtension;
import org.cometd.server.http.JSONHttpTransport;
import org.cometd.server.http.jakarta.CometDServlet;
import org.cometd.server.websocket.jetty.JettyWebSocketTransport;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.CrossOriginHandler;
import org.eclipse.jetty.util.ajax.JSON;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

public final class Bridge {
    private static final String CHATS = "/service/chatV2/**";

    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private final JSON json = new JSON();
    private final Map<Long, Promise<Boolean>> calls = new ConcurrentHashMap<>();
    private final AtomicLong lastCall = new AtomicLong();
    private BayeuxServerImpl bayeux;
    private LocalSession sender;

    /** Arguments: the port (0: a free one), and milliseconds: how long a connect is held, and a client remembered. */
    public static void main(String[] arguments) throws Exception {
        Bridge bridge = new Bridge();
        int port = Integer.parseInt(arguments[0]);
        Server server = bridge.serve(port, Long.parseLong(arguments[1]), Long.parseLong(arguments[2]));
        bridge.read();
        server.stop();
    }

    private Server serve(int port, long timeout, long maxInterval) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        server.addConnector(connector);

        // The page of a test comes from another port.
        CrossOriginHandler origins = new CrossOriginHandler();
        origins.setAllowedOriginPatterns(Set.of("http://127\\.0\\.0\\.1:\\d+"));
        origins.setAllowedMethods(Set.of("POST"));
        origins.setAllowedHeaders(Set.of("Content-Type"));
        origins.setAllowCredentials(true);
        server.setHandler(origins);

        ServletContextHandler context = new ServletContextHandler("/");
        origins.setHandler(context);
        context.insertHandler(new WebSocketUpgradeHandler(ServerWebSocketContainer.ensure(server, context)));

        bayeux = new BayeuxServerImpl();
        bayeux.setTransports(List.of(new JettyWebSocketTransport(bayeux), new JSONHttpTransport(bayeux)));
        bayeux.setOption(Context.class.getName(), context.getContext());
        bayeux.setOption("ws.cometdURLMapping", "/cometd/*");
        bayeux.setOption("timeout", timeout);
        bayeux.setOption("maxInterval", maxInterval);
        bayeux.setOption("sweepPeriod", 200L);
        // A reloaded page is a second client of its browser for a while.
        bayeux.setOption("maxSessionsPerBrowser", -1);
        context.setAttribute(BayeuxServer.ATTRIBUTE, bayeux);
        ServletHolder servlet = new ServletHolder(new CometDServlet());
        servlet.setAsyncSupported(true);
        servlet.setInitOrder(1);
        context.addServlet(servlet, "/cometd/*");
        context.addManaged(bayeux);

        bayeux.addExtension(new AcknowledgedMessagesExtension());
        bayeux.addListener(new Sessions());
        bayeux.createChannelIfAbsent(CHATS, channel -> {
            channel.setPersistent(true);
            channel.addListener(new Publishes());
        });

        server.start();
        sender = bayeux.newLocalSession("chat");
        sender.handshake();
        print(Map.of("listening", connector.getLocalPort()));
        return server;
    }

    private final class Sessions implements BayeuxServer.SessionListener {
        @Override
        public void sessionAdded(ServerSession session, ServerMessage message) {
            if (!session.isLocalSession()) {
                print(Map.of("arrived", session.getId()));
            }
        }

        @Override
        public void sessionRemoved(ServerSession session, ServerMessage message, boolean timeout) {
            print(Map.of("departed", session.getId()));
        }
    }

    private final class Publishes implements ServerChannel.MessageListener {
        @Override
        public void onMessage(ServerSession from, ServerChannel channel, ServerMessage.Mutable message, Promise<Boolean> done) {
            long call = lastCall.incrementAndGet();
            calls.put(call, done);
            Object data = message.getData() == null ? Map.of() : message.getData();
            print(Map.of("session", from.getId(), "channel", message.getChannel(), "data", data, "call", call));
        }
    }

    /** Does what the other side asks for, in its order. */
    private void read() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<?, ?> asked = (Map<?, ?>)json.fromJSON(line);
            if (asked.get("call") instanceof Long call) {
                calls.remove(call).succeed(true);
                continue;
            }
            ServerSession session = bayeux.getSession((String)asked.get("session"));
            if (session != null) {
                session.deliver(sender, (String)asked.get("channel"), asked.get("data"), Promise.noop());
            }
        }
    }

    private void print(Map<String, ?> line) {
        synchronized (out) {
            out.println(json.toJSON(line));
        }
    }
}
