export { OneService as default } from "./services";
