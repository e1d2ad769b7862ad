export { CometD } from "cometd";
