// Shows the package and its test kit to the tests, which drive them from outside.
import * as causerie from "/pkg/index.js";
import * as testing from "/pkg/testing.js";

Object.assign(window, { causerie, testing });
