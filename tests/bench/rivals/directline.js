export { ConnectionStatus, DirectLine } from "botframework-directlinejs";
