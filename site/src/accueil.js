import { installer } from "./recherche.js";

installer();
