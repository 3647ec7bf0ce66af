import { render } from "solid-js/web";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/components.css";
import "./ui/charts.css";
import "./ui/shell.css";
import { App } from "./app";

const root = document.getElementById("page");
if (root) render(() => <App />, root);
